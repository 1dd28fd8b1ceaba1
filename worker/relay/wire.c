/*
 * The numbers of a head are big-endian and at fixed places, so that a version
 * that nobody knows yet can still be told from noise. All is checked in the
 * order in which it is worth the least: what is not ours costs no HMAC, and
 * what the signature does not cover is said of nobody.
 */
#include "worker/relay/wire.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/crypto.h"

#define MAGIC 0x63666252U /* "cfbR" */

/* What comes different ways is counted apart. */
enum way {
	WAY_BUS,
	WAY_REQUEST,
	WAY_ANSWER,
	WAY_COUNT,
};

struct head {
	uint32_t magic;
	uint8_t version;
	uint8_t kind;
	uint16_t zero;
	uint16_t host;
	uint16_t to;
	uint64_t cluster;
	uint64_t epoch;
	uint64_t count;
	uint64_t answers;
} __attribute__((packed));

_Static_assert(sizeof(struct head) == WIRE_HEAD_BYTES, "as the header says");
_Static_assert(CRYPTO_SHA256_BYTES == WIRE_SUM_BYTES, "as the header says");

/* What is believed of a host. */
struct believed {
	bool is_known;
	uint64_t epoch;
	uint64_t counts[WAY_COUNT];
};

struct wire {
	unsigned host;
	uint64_t epoch;
	uint64_t count;
	uint64_t cluster;
	struct buffer secret;
	struct believed hosts[WIRE_HOST_MAX + 1];
};

static const enum way way_of[WIRE_KIND_COUNT] = {
	[WIRE_BEAT] = WAY_BUS,
	[WIRE_JOURNAL] = WAY_BUS,
	[WIRE_LIVE] = WAY_BUS,
	[WIRE_BYE] = WAY_BUS,
	[WIRE_HELLO] = WAY_REQUEST,
	[WIRE_HELLOED] = WAY_ANSWER,
	[WIRE_PULL] = WAY_REQUEST,
	[WIRE_PULLED] = WAY_ANSWER,
	[WIRE_SNAPSHOT_WANTED] = WAY_REQUEST,
	[WIRE_SNAPSHOT] = WAY_ANSWER,
};

const char *
wire_fault_name(enum wire_fault fault)
{
	static const char *const names[] = {
		[WIRE_GOOD] = "good",
		[WIRE_NOT_OURS] = "not ours",
		[WIRE_OTHER_VERSION] = "other version",
		[WIRE_OTHER_CLUSTER] = "other cluster",
		[WIRE_BAD_SIGNATURE] = "bad signature",
		[WIRE_OWN_FRAME] = "own frame",
		[WIRE_SAME_HOST] = "same host",
		[WIRE_NOT_FOR_US] = "not for us",
		[WIRE_MISPLACED] = "misplaced",
		[WIRE_NOT_ASKED] = "not asked",
		[WIRE_UNKNOWN_EPOCH] = "unknown epoch",
		[WIRE_OLD_COUNT] = "old count",
	};

	_Static_assert(ARRAY_LEN(names) == WIRE_FAULT_COUNT, "each has one");
	must(fault < WIRE_FAULT_COUNT);
	return names[fault];
}

/* Clusters that stand side by side tell each other apart; it is no secret. */
static uint64_t
cluster_number(struct text name)
{
	uint8_t sum[CRYPTO_SHA256_BYTES];
	uint64_t number;

	crypto_hmac(TEXT_LITERAL("cluster"), name, sum);
	memcpy(&number, sum, sizeof(number));
	return be64toh(number);
}

struct wire *
wire_new(const struct wire_self *self)
{
	struct wire *wire = base_alloc_zeroed(1, sizeof(*wire));

	must(self->host >= 1 && self->host <= WIRE_HOST_MAX);
	wire->host = self->host;
	wire->epoch = self->epoch;
	wire->cluster = cluster_number(self->cluster);
	buffer_add_text(&wire->secret, self->secret);
	return wire;
}

void
wire_free(struct wire **wire)
{
	if (*wire == NULL)
		return;
	crypto_forget((*wire)->secret.data, (*wire)->secret.length);
	buffer_fini(&(*wire)->secret);
	free(*wire);
	*wire = NULL;
}

void
wire_begin(struct buffer *out)
{
	out->length = 0;
	memset(buffer_reserve(out, WIRE_HEAD_BYTES), 0, WIRE_HEAD_BYTES);
	out->length = WIRE_HEAD_BYTES;
}

uint64_t
wire_seal(struct wire *wire, enum wire_kind kind, unsigned to, uint64_t answers,
	struct buffer *out)
{
	struct head head = {
		.magic = htobe32(MAGIC),
		.version = WIRE_VERSION,
		.kind = (uint8_t)kind,
		.host = htobe16((uint16_t)wire->host),
		.to = htobe16((uint16_t)to),
		.cluster = htobe64(wire->cluster),
		.epoch = htobe64(wire->epoch),
		.count = htobe64(++wire->count),
		.answers = htobe64(answers),
	};
	uint8_t *sum;

	must(out->length >= WIRE_HEAD_BYTES && to <= WIRE_HOST_MAX);
	memcpy(out->data, &head, sizeof(head));
	sum = buffer_reserve(out, WIRE_SUM_BYTES);
	crypto_hmac(buffer_text(&wire->secret), buffer_text(out), sum);
	out->length += WIRE_SUM_BYTES;
	return wire->count;
}

static bool
is_signed(const struct wire *wire, struct text bytes)
{
	size_t length = bytes.length - WIRE_SUM_BYTES;
	uint8_t sum[CRYPTO_SHA256_BYTES];

	crypto_hmac(buffer_text(&wire->secret),
		(struct text){ bytes.at, length }, sum);
	return crypto_equal((struct text){ (char *)sum, sizeof(sum) },
		(struct text){ bytes.at + length, WIRE_SUM_BYTES });
}

/* Numbers of the head in our order; false: there is none. */
static bool
read_head(struct text bytes, struct head *head, struct wire_frame *frame)
{
	*frame = (struct wire_frame){ 0 };
	if (bytes.length < WIRE_FRAME_BYTES)
		return false;
	memcpy(head, bytes.at, sizeof(*head));
	head->cluster = be64toh(head->cluster);
	head->answers = be64toh(head->answers);
	head->to = be16toh(head->to);
	frame->kind = (enum wire_kind)head->kind;
	frame->host = be16toh(head->host);
	frame->epoch = be64toh(head->epoch);
	frame->count = be64toh(head->count);
	frame->body = (struct text){ bytes.at + WIRE_HEAD_BYTES,
		bytes.length - WIRE_FRAME_BYTES };
	return be32toh(head->magic) == MAGIC;
}

static enum wire_fault
check_origin(const struct wire *wire, struct text bytes,
	const struct head *head, const struct wire_frame *frame)
{
	if (head->version != WIRE_VERSION)
		return WIRE_OTHER_VERSION;
	if (head->cluster != wire->cluster)
		return WIRE_OTHER_CLUSTER;
	if (!is_signed(wire, bytes))
		return WIRE_BAD_SIGNATURE;
	if (frame->host == 0 || frame->host > WIRE_HOST_MAX)
		return WIRE_NOT_OURS;
	if (frame->host == wire->host)
		return frame->epoch == wire->epoch ? WIRE_OWN_FRAME
						   : WIRE_SAME_HOST;
	if (head->to != 0 && head->to != wire->host)
		return WIRE_NOT_FOR_US;
	return WIRE_GOOD;
}

/* A hello may come of any life, and its answer is what makes one known. */
static enum wire_fault
check_count(struct wire *wire, enum way way, const struct wire_frame *frame)
{
	struct believed *host = &wire->hosts[frame->host];

	if (frame->kind == WIRE_HELLO || frame->kind == WIRE_HELLOED)
		return WIRE_GOOD;
	if (!host->is_known || host->epoch != frame->epoch)
		return WIRE_UNKNOWN_EPOCH;
	if (frame->count <= host->counts[way])
		return WIRE_OLD_COUNT;
	host->counts[way] = frame->count;
	return WIRE_GOOD;
}

static enum wire_fault
open_frame(struct wire *wire, enum way way, struct text bytes, uint64_t asked,
	struct wire_frame *frame)
{
	struct head head;
	enum wire_fault fault;

	if (!read_head(bytes, &head, frame))
		return WIRE_NOT_OURS;
	fault = check_origin(wire, bytes, &head, frame);
	if (fault != WIRE_GOOD)
		return fault;
	if (head.kind < WIRE_BEAT || head.kind >= WIRE_KIND_COUNT ||
		way_of[head.kind] != way)
		return WIRE_MISPLACED;
	if (head.answers != asked)
		return WIRE_NOT_ASKED;
	return check_count(wire, way, frame);
}

enum wire_fault
wire_open_bus(struct wire *wire, struct text bytes, struct wire_frame *frame)
{
	return open_frame(wire, WAY_BUS, bytes, 0, frame);
}

enum wire_fault
wire_open_request(
	struct wire *wire, struct text bytes, struct wire_frame *frame)
{
	return open_frame(wire, WAY_REQUEST, bytes, 0, frame);
}

enum wire_fault
wire_open_answer(struct wire *wire, struct text bytes, uint64_t asked,
	struct wire_frame *frame)
{
	return open_frame(wire, WAY_ANSWER, bytes, asked, frame);
}

bool
wire_believe(struct wire *wire, const struct wire_frame *frame, uint64_t nonce,
	struct wire_helloed *helloed)
{
	struct believed *host = &wire->hosts[frame->host];
	struct unpack in = unpack_of(frame->body);

	if (frame->kind != WIRE_HELLOED || !wire_helloed_unpack(&in, helloed) ||
		helloed->nonce != nonce)
		return false;
	if (!host->is_known || host->epoch != frame->epoch)
		*host = (struct believed){ true, frame->epoch, { 0 } };
	for (size_t way = 0; way < WAY_COUNT; way++)
		host->counts[way] = MAX_OF(host->counts[way], frame->count);
	return true;
}

void
wire_forget(struct wire *wire, unsigned host)
{
	must(host <= WIRE_HOST_MAX);
	wire->hosts[host] = (struct believed){ 0 };
}
