/*
 * Exchanges that are answered late, over a real evhttp: what the client does
 * meanwhile harms nobody, and what it is told is right. Test and server share
 * one thread, so the loop is turned until what the test waits for is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "shared/base.h"
#include "worker/api/exchange.h"
#include "worker/api/gate.h"

#define WAITING_MAX 8
#define TURNS_MAX 20000

struct house {
	struct event_base *base;
	struct evhttp *http;
	struct gates gates;
	struct exchanges exchanges;
	struct exchange *waiting[WAITING_MAX];
	unsigned count;
	int client;
	char got[4096];
	size_t got_length;
	bool is_ended; /* the client has read the end of the connection */
};

static void
on_request(struct evhttp_request *request, void *self)
{
	struct house *house = self;

	assert_true(house->count < WAITING_MAX);
	house->waiting[house->count++] =
		exchange_open(&house->exchanges, NULL, &house->gates, request);
}

static int
call_in(struct evhttp_bound_socket *bound)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound),
				 (struct sockaddr *)&address, &length),
		0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static struct bufferevent *
on_connection(struct event_base *base, void *self)
{
	struct house *house = self;
	struct bufferevent *bufferevent = bufferevent_socket_new(base, -1, 0);

	gate_open(&house->gates, bufferevent);
	return bufferevent;
}

static int
set_up(void **state)
{
	struct house *house = base_alloc_zeroed(1, sizeof(*house));
	struct evhttp_bound_socket *bound;

	house->base = event_base_new();
	house->http = evhttp_new(house->base);
	house->gates = (struct gates){
		.limits = { .head_bytes = 1024, .body_bytes = 100 },
		.head_ms = 1000,
		.whole_ms = 5000,
		.linger_ms = 500,
		.held_max = 1000,
	};
	evhttp_set_bevcb(house->http, on_connection, house);
	evhttp_set_gencb(house->http, on_request, house);
	bound = evhttp_bind_socket_with_handle(house->http, "127.0.0.1", 0);
	assert_non_null(bound);
	house->client = call_in(bound);
	*state = house;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *house = *state;

	evhttp_free(house->http);
	gates_fini(&house->gates);
	assert_int_equal(house->gates.held_bytes, 0);
	exchanges_fini(&house->exchanges);
	assert_int_equal(house->exchanges.count, 0);
	if (house->client >= 0)
		close(house->client);
	event_base_free(house->base);
	free(house);
	return 0;
}

static void
say(struct house *house, const char *words)
{
	ssize_t length = (ssize_t)strlen(words);

	assert_int_equal(write(house->client, words, strlen(words)), length);
}

static void
read_some(struct house *house)
{
	ssize_t got = read(house->client, house->got + house->got_length,
		sizeof(house->got) - 1 - house->got_length);

	if (got > 0)
		house->got_length += (size_t)got;
	else if (got == 0 || errno != EAGAIN)
		house->is_ended = true;
}

static void
turn(struct house *house)
{
	event_base_loop(house->base, EVLOOP_NONBLOCK);
	if (house->client >= 0)
		read_some(house);
}

/* Long enough for all that the kernel has to be taken in. */
static void
turn_for_a_while(struct house *house)
{
	for (int i = 0; i < 200; i++)
		turn(house);
}

static void
wait_for_requests(struct house *house, unsigned count)
{
	for (int i = 0; i < TURNS_MAX && house->count < count; i++)
		turn(house);
	assert_int_equal(house->count, count);
}

static void
wait_for_words(struct house *house, const char *words)
{
	for (int i = 0; i < TURNS_MAX && !strstr(house->got, words); i++)
		turn(house);
	assert_non_null(strstr(house->got, words));
}

static void
wait_for_the_end(struct house *house)
{
	for (int i = 0; i < TURNS_MAX && !house->is_ended; i++)
		turn(house);
	assert_true(house->is_ended);
}

static void
answer(struct house *house, unsigned which, const char *words)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, words, strlen(words));
	exchange_close(house->waiting[which], 200, "OK", body);
	evbuffer_free(body);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST_HEAD "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"

static void
an_answer_may_come_late(void **state)
{
	struct house *house = *state;

	say(house, GET("/a%20b?c=d"));
	wait_for_requests(house, 1);
	turn_for_a_while(house);
	assert_int_equal(house->got_length, 0);
	assert_string_equal(house->waiting[0]->path, "/a%20b");
	assert_string_equal(exchange_query(house->waiting[0]), "c=d");
	assert_string_equal(house->waiting[0]->peer.host, "127.0.0.1");
	answer(house, 0, "late");
	wait_for_words(house, "\r\n\r\nlate");
	assert_int_equal(house->exchanges.count, 0);
}

static void
what_is_sent_meanwhile_waits_for_its_turn(void **state)
{
	struct house *house = *state;

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	say(house, GET("/b"));
	say(house, POST_HEAD "body" GET("/d"));
	turn_for_a_while(house);
	assert_int_equal(house->count, 1);
	for (unsigned i = 0; i < 4; i++) {
		wait_for_requests(house, i + 1);
		turn_for_a_while(house);
		assert_int_equal(house->count, i + 1);
		answer(house, i,
			(const char *[]){ "1st", "2nd", "3rd", "4th" }[i]);
	}
	wait_for_words(house, "4th");
	assert_true(strstr(house->got, "1st") < strstr(house->got, "2nd"));
	assert_true(strstr(house->got, "2nd") < strstr(house->got, "3rd"));
}

static void
a_body_is_whole_and_stays(void **state)
{
	struct house *house = *state;
	struct text body;

	say(house, POST_HEAD "bo");
	turn_for_a_while(house);
	assert_int_equal(house->count, 0);
	say(house, "dy");
	wait_for_requests(house, 1);
	turn_for_a_while(house);
	body = exchange_body(house->waiting[0]);
	assert_int_equal(body.length, 4);
	assert_memory_equal(body.at, "body", 4);
	answer(house, 0, "x");
	wait_for_words(house, "\r\n\r\nx");
}

static void
a_client_may_leave_before_the_answer(void **state)
{
	struct house *house = *state;
	struct linger reset = { .l_onoff = 1 };

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	assert_int_equal(setsockopt(house->client, SOL_SOCKET, SO_LINGER,
				 &reset, sizeof(reset)),
		0);
	close(house->client);
	house->client = -1;
	turn_for_a_while(house);
	assert_int_equal(house->exchanges.count, 1);
	answer(house, 0, "nobody hears this");
	for (int i = 0; i < TURNS_MAX && house->exchanges.count; i++)
		turn(house);
	assert_int_equal(house->exchanges.count, 0);
}

static void
who_says_no_more_still_hears_the_answer(void **state)
{
	struct house *house = *state;

	say(house, GET("/a"));
	assert_int_equal(shutdown(house->client, SHUT_WR), 0);
	wait_for_requests(house, 1);
	turn_for_a_while(house);
	assert_false(house->is_ended);
	answer(house, 0, "still here");
	wait_for_words(house, "still here");
	wait_for_the_end(house);
}

static void
an_exchange_outlives_its_server(void **state)
{
	struct house *house = *state;

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	evhttp_free(house->http);
	assert_int_equal(house->exchanges.count, 1);
	assert_null(exchange_header(house->waiting[0], "Host"));
	assert_int_equal(exchange_socket(house->waiting[0]), -1);
	answer(house, 0, "x");
	assert_int_equal(house->exchanges.count, 0);
	house->http = evhttp_new(house->base);
}

static void
what_nobody_answers_is_freed_at_the_end(void **state)
{
	struct house *house = *state;

	say(house, GET("/a"));
	wait_for_requests(house, 1);
}

static void
a_reply_on_its_way_ends_with_its_client(void **state)
{
	struct house *house = *state;
	struct evbuffer *body = evbuffer_new();
	char *much = base_alloc_zeroed(1, 16 << 20);

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	evbuffer_add(body, much, 16 << 20);
	exchange_close(house->waiting[0], 200, "OK", body);
	event_base_loop(house->base, EVLOOP_NONBLOCK);
	assert_int_equal(house->exchanges.count, 1);
	close(house->client);
	house->client = -1;
	for (int i = 0; i < TURNS_MAX && house->exchanges.count; i++)
		turn(house);
	assert_int_equal(house->exchanges.count, 0);
	evbuffer_free(body);
	free(much);
}

/* Until the kernel takes no more, however often the server may read. */
static size_t
say_all_you_can(struct house *house)
{
	static const char junk[65536];
	size_t said = 0;

	for (int idle = 0; idle < 50 && said < 64 << 20; idle++) {
		ssize_t sent = write(house->client, junk, sizeof(junk));

		event_base_loop(house->base, EVLOOP_NONBLOCK);
		if (sent > 0) {
			said += (size_t)sent;
			idle = 0;
		}
	}
	return said;
}

static void
who_does_not_listen_is_not_listened_to(void **state)
{
	struct house *house = *state;
	struct evbuffer *body = evbuffer_new();
	char *much = base_alloc_zeroed(1, 16 << 20);
	struct evbuffer *input;

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	input = bufferevent_get_input(evhttp_connection_get_bufferevent(
		evhttp_request_get_connection(house->waiting[0]->request)));
	evbuffer_add(body, much, 16 << 20);
	exchange_close(house->waiting[0], 200, "OK", body);
	assert_true(say_all_you_can(house) < 64 << 20);
	assert_int_equal(house->exchanges.count, 1);
	assert_int_equal(evbuffer_get_length(input), 0);
	evbuffer_free(body);
	free(much);
}

/* Answers what the gate refused, as the routes do. */
static void
refuse(struct house *house, unsigned which, int status)
{
	const struct intake *refused = exchange_refused(house->waiting[which]);
	struct evbuffer *body = evbuffer_new();

	assert_non_null(refused);
	assert_int_equal(refused->status, status);
	evbuffer_add(body, "refused", 7);
	exchange_close(house->waiting[which], status, "No", body);
	evbuffer_free(body);
}

static void
a_refusal_comes_in_its_turn(void **state)
{
	struct house *house = *state;

	say(house, GET("/a") "GET / HTTP/9.9\r\n\r\n" GET("/b"));
	wait_for_requests(house, 1);
	answer(house, 0, "good");
	wait_for_requests(house, 2);
	refuse(house, 1, 505);
	wait_for_words(house, "refused");
	assert_true(strstr(house->got, "good") < strstr(house->got, "refused"));
	wait_for_the_end(house);
	assert_int_equal(house->count, 2);
}

/* Its last bytes must not make the kernel throw the answer away. */
static void
who_is_refused_may_finish_first(void **state)
{
	struct house *house = *state;

	say(house, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000"
		   "\r\n\r\n");
	wait_for_requests(house, 1);
	refuse(house, 0, 413);
	for (int i = 0; i < 100; i++) {
		event_base_loop(house->base, EVLOOP_NONBLOCK);
		say(house, "more and more and more");
	}
	wait_for_words(house, "refused");
	wait_for_the_end(house);
	assert_int_equal(house->exchanges.count, 1);
	gates_sweep(&house->gates, 1000);
	turn_for_a_while(house);
	assert_int_equal(house->exchanges.count, 1);
	close(house->client);
	house->client = -1;
	for (int i = 0; i < TURNS_MAX && house->exchanges.count; i++)
		turn(house);
	assert_int_equal(house->exchanges.count, 0);
}

static void
nobody_lingers_for_ever(void **state)
{
	struct house *house = *state;

	say(house, "NONSENSE\r\n\r\n");
	wait_for_requests(house, 1);
	refuse(house, 0, 400);
	wait_for_words(house, "refused");
	gates_sweep(&house->gates, 1000);
	gates_sweep(&house->gates, 1499);
	turn_for_a_while(house);
	assert_int_equal(house->exchanges.count, 1);
	gates_sweep(&house->gates, 1500);
	turn_for_a_while(house);
	assert_int_equal(house->exchanges.count, 0);
	gates_sweep(&house->gates, 1600);
	assert_null(house->gates.all);
}

static void
a_slow_head_is_refused(void **state)
{
	struct house *house = *state;

	gates_sweep(&house->gates, 1);
	turn_for_a_while(house);
	gates_sweep(&house->gates, 100000);
	say(house, "GET / HTT");
	turn_for_a_while(house);
	gates_sweep(&house->gates, 200000);
	say(house, "P");
	turn_for_a_while(house);
	gates_sweep(&house->gates, 200999);
	turn_for_a_while(house);
	assert_int_equal(house->count, 0);
	gates_sweep(&house->gates, 201000);
	wait_for_requests(house, 1);
	refuse(house, 0, 408);
	wait_for_words(house, "408 No");
	wait_for_the_end(house);
}

static void
a_slow_body_is_refused(void **state)
{
	struct house *house = *state;

	say(house, POST_HEAD "b");
	turn_for_a_while(house);
	gates_sweep(&house->gates, 100000);
	gates_sweep(&house->gates, 104999);
	turn_for_a_while(house);
	assert_int_equal(house->count, 0);
	gates_sweep(&house->gates, 105000);
	wait_for_requests(house, 1);
	refuse(house, 0, 408);
	wait_for_words(house, "refused");
}

static void
a_late_answer_is_no_slow_request(void **state)
{
	struct house *house = *state;

	say(house, GET("/a"));
	wait_for_requests(house, 1);
	gates_sweep(&house->gates, 1000);
	gates_sweep(&house->gates, 999000);
	turn_for_a_while(house);
	answer(house, 0, "late");
	wait_for_words(house, "late");
}

/* Twice, because evhttp takes what is written after a reply for its end. */
static void
who_expects_100_gets_it(void **state)
{
	static const char head[] = "POST /c HTTP/1.1\r\nHost: x\r\n"
				   "Content-Length: 4\r\n"
				   "Expect: 100-continue\r\n\r\n";
	struct house *house = *state;

	for (unsigned i = 0; i < 2; i++) {
		say(house, head);
		wait_for_words(house, "HTTP/1.1 100 Continue\r\n\r\n");
		turn_for_a_while(house);
		assert_int_equal(house->count, i);
		say(house, "body");
		wait_for_requests(house, i + 1);
		assert_memory_equal(
			exchange_body(house->waiting[i]).at, "body", 4);
		answer(house, i, "done");
		wait_for_words(house, "\r\n\r\ndone");
		memset(house->got, 0, sizeof(house->got));
		house->got_length = 0;
	}
}

static void
what_all_send_is_bounded(void **state)
{
	struct house *house = *state;

	house->gates.held_max = 3;
	say(house, POST_HEAD "body");
	wait_for_requests(house, 1);
	answer(house, 0, "whole at once");
	wait_for_words(house, "at once");
	assert_int_equal(house->gates.held_bytes, 0);
	say(house, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
		   "body");
	wait_for_requests(house, 2);
	refuse(house, 1, 503);
	assert_int_equal(house->gates.held_bytes, 0);
	wait_for_words(house, "refused");
}

static void
heads_count_too(void **state)
{
	struct house *house = *state;

	house->gates.held_max = 100;
	say(house, "GET / HTTP/1.1\r\nHost: x\r\n");
	turn_for_a_while(house);
	assert_int_equal(house->gates.held_bytes, 25);
	house->gates.held_max = 25;
	say(house, "X: ");
	wait_for_requests(house, 1);
	refuse(house, 0, 503);
	assert_int_equal(house->gates.held_bytes, 0);
	wait_for_words(house, "refused");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_may_come_late),
		TEST(what_is_sent_meanwhile_waits_for_its_turn),
		TEST(a_body_is_whole_and_stays),
		TEST(a_client_may_leave_before_the_answer),
		TEST(who_says_no_more_still_hears_the_answer),
		TEST(an_exchange_outlives_its_server),
		TEST(what_nobody_answers_is_freed_at_the_end),
		TEST(a_reply_on_its_way_ends_with_its_client),
		TEST(who_does_not_listen_is_not_listened_to),
		TEST(a_refusal_comes_in_its_turn),
		TEST(who_is_refused_may_finish_first),
		TEST(nobody_lingers_for_ever),
		TEST(a_slow_head_is_refused),
		TEST(a_slow_body_is_refused),
		TEST(a_late_answer_is_no_slow_request),
		TEST(who_expects_100_gets_it),
		TEST(what_all_send_is_bounded),
		TEST(heads_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
