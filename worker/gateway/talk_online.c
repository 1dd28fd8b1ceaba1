#include "shared/buffer.h"
#include "shared/pack.h"
#include "worker/edge/entries.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define KEEP_BYTES 65536

void
talk_online(struct session *session, struct text tag,
	const struct online_request *request)
{
	struct buffer *online = &session->gateway->edge.found;
	struct answer answer = { .kind = ANSWER_ONLINE };
	struct entries_platforms platforms;

	buffer_clear(online, KEEP_BYTES);
	for (size_t i = 0; i < request->count; i++) {
		entries_platforms(&session->gateway->edge,
			session_tenant(session), request->users[i], &platforms);
		if (platforms.count == 0)
			continue;
		pack_text(online, request->users[i]);
		pack_number(online, platforms.count);
		for (size_t j = 0; j < platforms.count; j++)
			pack_number(online, platforms.numbers[j]);
	}
	answer.online = buffer_text(online);
	session_answer(session, tag, &answer);
}
