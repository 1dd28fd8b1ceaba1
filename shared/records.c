#include "shared/records.h"

#define RECORDS "shared/records.def"
#include "shared/records_define.def"
#undef RECORDS
