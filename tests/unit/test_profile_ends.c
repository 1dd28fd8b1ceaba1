/* Profiles that log in by the address send away who is refused, and live on. */
#include "tests/unit/gateway_talk.h"

static int
come(const struct profile *profile, const char *query)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		     ends) == 0);
	fixture.inputs[ends[1]].length = 0;
	client_start(&fixture.gateway, profile,
		&(struct visitor){
			.fd = ends[0],
			.peer = peer,
			.query = text_of(query),
		});
	fixture_turn();
	return ends[1];
}

/* Whatever is said before, it ends. */
static void
expect_end(int fd)
{
	const char *read;

	shutdown(fd, SHUT_WR);
	do {
		fixture_turn();
		read = fixture_read(fd);
	} while (strcmp(read, "END") != 0);
	assert_int_equal(fixture.gateway.lanes->count, 0);
	close(fd);
}

static void
expect_refusal(const struct profile *profile, const char *query)
{
	struct join join;
	int fd;

	fixture.config.client_key = (char *)(uintptr_t) "Adba723b7fe06819";
	fixture.keeps_entries = true;
	fd = come(profile, query);
	join = taken_join();
	tell_refused(join.request, 1004);
	expect_end(fd);
	fixture.is_full = true;
	fd = come(profile, query);
	expect_end(fd);
}

static void
push_sends_away_who_is_refused(void **state)
{
	(void)state;
	expect_refusal(&profile_push, "d={\"uid\":\"1\"}");
}

static void
client_sends_away_who_is_refused(void **state)
{
	(void)state;
	expect_refusal(&profile_client, "systemId=s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(push_sends_away_who_is_refused),
		TEST(client_sends_away_who_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
