#include "worker/relay/wire.h"

#define RECORDS "worker/relay/wire.def"
#include "shared/records_define.def"
#undef RECORDS
