#include "worker/api/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "worker/api/reply.h"
#include "worker/edge/confab_json.h"

void
outcomes_fini(struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		free(outcomes->all[i].error);
	free(outcomes->all);
	free(outcomes->parts);
	*outcomes = (struct outcomes){ 0 };
}

void
outcomes_add_part(struct outcomes *outcomes, bool is_many)
{
	if (outcomes->part_count == outcomes->part_room) {
		outcomes->part_room = 2 * outcomes->part_room + 1;
		outcomes->parts = base_realloc(outcomes->parts,
			outcomes->part_room * sizeof(outcomes->parts[0]));
	}
	outcomes->parts[outcomes->part_count++] = (struct outcome_part){
		.first = outcomes->count,
		.is_many = is_many,
	};
}

size_t
outcomes_add(struct outcomes *outcomes, struct text room)
{
	if (outcomes->count == outcomes->room) {
		outcomes->room = 2 * outcomes->room + 1;
		outcomes->all = base_realloc(outcomes->all,
			outcomes->room * sizeof(outcomes->all[0]));
	}
	outcomes->all[outcomes->count] = (struct outcome){ .room = room };
	outcomes->parts[outcomes->part_count - 1].count++;
	outcomes->missing++;
	return outcomes->count++;
}

static struct outcome *
waiting(struct outcomes *outcomes, uint64_t number)
{
	if (number >= outcomes->count ||
		outcomes->all[number].state != OUTCOME_WAITING)
		return NULL;
	outcomes->missing--;
	return &outcomes->all[number];
}

void
outcomes_said(struct outcomes *outcomes, uint64_t number,
	const struct said *said, uint64_t reached)
{
	struct outcome *outcome = waiting(outcomes, number);

	if (!outcome)
		return;
	outcome->state = OUTCOME_SAID;
	outcome->said = *said;
	outcome->reached = reached;
}

void
outcomes_refused(struct outcomes *outcomes, uint64_t number, unsigned code,
	struct text error, uint64_t retry_ms)
{
	struct outcome *outcome = waiting(outcomes, number);

	if (!outcome)
		return;
	outcome->state = OUTCOME_REFUSED;
	outcome->code = code;
	outcome->error = base_alloc(error.length + 1);
	memcpy(outcome->error, error.at, error.length);
	outcome->error[error.length] = 0;
	outcome->retry_ms = retry_ms;
}

void
outcomes_refuse_waiting(
	struct outcomes *outcomes, unsigned code, const char *error)
{
	for (size_t i = 0; i < outcomes->count; i++)
		outcomes_refused(outcomes, i, code, text_of(error), 0);
}

/* The members of an object. */
static void
add_members(struct buffer *json, const struct outcome *outcome)
{
	if (outcome->state == OUTCOME_REFUSED) {
		confab_add_number(json, "\"code\":", outcome->code);
		confab_add_text(json, ",\"error\":", text_of(outcome->error));
		if (outcome->retry_ms > 0)
			confab_add_number(
				json, ",\"retry_ms\":", outcome->retry_ms);
		return;
	}
	confab_add_id(json, outcome->said.id_time, outcome->said.id_origin);
	if (outcome->said.offset == 0) {
		confab_add_number(json, ",\"reached\":", outcome->reached);
		return;
	}
	confab_add_epoch(json, ",\"epoch\":", outcome->said.epoch);
	confab_add_number(json, ",\"offset\":", outcome->said.offset);
}

static void
add_rooms(struct buffer *json, const struct outcomes *outcomes,
	const struct outcome_part *part)
{
	buffer_add_string(json, "\"rooms\":[");
	for (size_t i = 0; i < part->count; i++) {
		const struct outcome *outcome = &outcomes->all[part->first + i];

		confab_add_text(json,
			i > 0 ? ",{\"room\":" : "{\"room\":", outcome->room);
		buffer_add_byte(json, ',');
		add_members(json, outcome);
		buffer_add_byte(json, '}');
	}
	buffer_add_byte(json, ']');
}

static void
add_part(struct buffer *json, const struct outcomes *outcomes,
	const struct outcome_part *part)
{
	buffer_add_byte(json, '{');
	if (part->is_many)
		add_rooms(json, outcomes, part);
	else
		add_members(json, &outcomes->all[part->first]);
	buffer_add_byte(json, '}');
}

/* The refusal of a request none of whose messages was said: the first one. */
static const struct outcome *
refusal_of(const struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (outcomes->all[i].state == OUTCOME_SAID)
			return NULL;
	return outcomes->is_batch ? NULL : &outcomes->all[0];
}

static void
refuse(struct exchange *exchange, const struct outcome *outcome)
{
	if (outcome->code == CODE_TOO_MANY && outcome->retry_ms == 0)
		reply_send_error(exchange, 413, outcome->code, outcome->error);
	else if (outcome->code == CODE_TOO_MANY)
		reply_refuse_for(exchange, outcome->retry_ms, outcome->error);
	else
		reply_refuse(exchange, outcome->code, outcome->error);
}

void
outcomes_reply(const struct outcomes *outcomes, struct exchange *exchange)
{
	const struct outcome *refusal = refusal_of(outcomes);
	struct buffer json = { 0 };

	if (refusal) {
		refuse(exchange, refusal);
		return;
	}
	if (outcomes->is_batch)
		buffer_add_byte(&json, '[');
	for (size_t i = 0; i < outcomes->part_count; i++) {
		if (i > 0)
			buffer_add_byte(&json, ',');
		add_part(&json, outcomes, &outcomes->parts[i]);
	}
	if (outcomes->is_batch)
		buffer_add_byte(&json, ']');
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}
