/*
 * Frames of relays. The first byte says which way the rest came and how far it
 * is mended: 16 gives it a good signature, 32 the cluster, 64 a host that is
 * known and its epoch, 128 makes the rest the body of a whole frame of the kind
 * that the low bits name.
 *
 * Whatever comes: what is opened lies within the bytes, once; bodies read back
 * are packed and read the same.
 */
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/crypto.h"
#include "worker/relay/wire.h"

#define WAY 3
#define SIGN 16
#define CLUSTER 32
#define HOST 64
#define WHOLE 128

#define THEM 2
#define EPOCH 77

#define CLUSTER_AT 12
#define HOST_AT 8
#define EPOCH_AT 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wire *us, *them;
static struct buffer frame, packed, again;

static struct wire *
member(unsigned host, uint64_t epoch)
{
	return wire_new(&(struct wire_self){
		TEXT_LITERAL("confab"), TEXT_LITERAL("secret"), host, epoch });
}

static enum wire_fault
open_as(unsigned way, struct text bytes, struct wire_frame *opened)
{
	if (way == 0)
		return wire_open_bus(us, bytes, opened);
	if (way == 1)
		return wire_open_request(us, bytes, opened);
	return wire_open_answer(us, bytes, way == 2 ? 0 : 9, opened);
}

static void
greet(void)
{
	struct wire_helloed helloed = { .nonce = 5 };
	struct wire_frame opened;

	wire_begin(&frame);
	wire_helloed_pack(&frame, &helloed);
	wire_seal(them, WIRE_HELLOED, 0, 9, &frame);
	must(open_as(3, buffer_text(&frame), &opened) == WIRE_GOOD);
	must(wire_believe(us, &opened, 5, &helloed));
}

/* The head as one of theirs has it. */
static void
mend(uint8_t what)
{
	struct buffer real = { 0 };
	size_t length;

	if (frame.length < WIRE_FRAME_BYTES)
		return;
	length = frame.length - WIRE_SUM_BYTES;
	wire_begin(&real);
	wire_seal(them, WIRE_BEAT, 0, 0, &real);
	memcpy(frame.data, real.data, 5);
	if (what & CLUSTER)
		memcpy(frame.data + CLUSTER_AT, real.data + CLUSTER_AT, 8);
	if (what & HOST) {
		memcpy(frame.data + HOST_AT, real.data + HOST_AT, 2);
		memcpy(frame.data + EPOCH_AT, real.data + EPOCH_AT, 8);
	}
	crypto_hmac(TEXT_LITERAL("secret"),
		(struct text){ (char *)frame.data, length },
		frame.data + length);
	buffer_fini(&real);
}

static void
make_whole(uint8_t what, struct text body)
{
	wire_begin(&frame);
	buffer_add_text(&frame, body);
	wire_seal(them, (enum wire_kind)(what & 15), 0, 0, &frame);
}

#define MORE
#define NUMBER(field)
#define TEXT(field)                                                            \
	must(it.field.length == 0 ||                                           \
		(it.field.at >= body.at && it.field.at + it.field.length <=    \
						   body.at + body.length));
#define RECORD(name, fields)                                                   \
	static void try_##name(struct text body)                               \
	{                                                                      \
		struct unpack in = unpack_of(body);                            \
		struct name it, other;                                         \
		if (!name##_unpack(&in, &it))                                  \
			return;                                                \
		fields;                                                        \
		packed.length = again.length = 0;                              \
		name##_pack(&packed, &it);                                     \
		in = unpack_of(buffer_text(&packed));                          \
		must(name##_unpack(&in, &other) && in.at == in.end);           \
		name##_pack(&again, &other);                                   \
		must(text_equal(buffer_text(&packed), buffer_text(&again)));   \
	}
#include "worker/relay/wire.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

static void
try_bodies(struct text body)
{
#define RECORD(name, fields) try_##name(body);
#include "worker/relay/wire.def"
#undef RECORD
}

static void
try_frame(unsigned way)
{
	struct text bytes = buffer_text(&frame);
	struct wire_helloed helloed;
	struct wire_frame opened;
	enum wire_fault fault = open_as(way, bytes, &opened);

	must(wire_fault_name(fault) != NULL);
	must(opened.body.length == 0 ||
		(opened.body.at >= bytes.at &&
			opened.body.at + opened.body.length <=
				bytes.at + bytes.length));
	if (fault != WIRE_GOOD)
		return;
	must(opened.host != 0 && opened.host <= WIRE_HOST_MAX);
	try_bodies(opened.body);
	if (opened.kind == WIRE_HELLOED) {
		must(!wire_believe(us, &opened, 0x1badbadbadbadbad, &helloed));
		return;
	}
	if (opened.kind == WIRE_HELLO)
		return;
	must(opened.host == THEM && opened.epoch == EPOCH);
	must(open_as(way, bytes, &opened) == WIRE_OLD_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest;

	if (size == 0)
		return 0;
	rest = (struct text){ (const char *)data + 1, size - 1 };
	us = member(1, 3);
	them = member(THEM, EPOCH);
	greet();
	if (data[0] & WHOLE) {
		make_whole(data[0], rest);
		try_frame(data[0] >> 4 & WAY);
	} else {
		frame.length = 0;
		buffer_add_text(&frame, rest);
		if (data[0] & SIGN)
			mend(data[0]);
		try_frame(data[0] & WAY);
	}
	try_bodies(rest);
	wire_free(&us);
	wire_free(&them);
	return 0;
}
