#include "worker/relay/wire.h"

#include "shared/buffer.h"

#define MORE
#define NUMBER(field) pack_number(out, it->field);
#define TEXT(field) pack_text(out, it->field);
#define RECORD(name, fields)                                                   \
	void name##_pack(struct buffer *out, const struct name *it)            \
	{                                                                      \
		fields                                                         \
	}
#include "worker/relay/wire.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

#define MORE                                                                   \
	if (!in->failed && in->at == in->end)                                  \
		return true;
#define NUMBER(field) it->field = unpack_number(in);
#define TEXT(field) it->field = unpack_text(in);
#define RECORD(name, fields)                                                   \
	bool name##_unpack(struct unpack *in, struct name *it)                 \
	{                                                                      \
		*it = (struct name){ 0 };                                      \
		fields return !in->failed;                                     \
	}
#include "worker/relay/wire.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE
