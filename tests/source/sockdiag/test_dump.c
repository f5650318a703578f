/* Questions to the kernel: dumps in pieces, single connections, and last words, of sockets that the test itself has. */
#include "base/alloc.h"
#include "source/sockdiag/endings.h"
#include "source/sockdiag/idmap.h"
#include "source/sockdiag/lookup.h"
#include "source/sockdiag/netlink.h"
#include "watch.h"

#include <linux/sock_diag.h>

#define PAIRS 300
#define FORGED 0x1234567887654321

struct collected {
	struct idmap cookies; /* value: how often it was seen */
	struct seen *list;
	size_t count, capacity;
};

static void collect(void *context, struct seen *s)
{
	struct collected *c = context;

	idmap_put(&c->cookies, s->cookie)->value++;
	c->list = xgrow(c->list, &c->capacity, c->count + 1, sizeof *c->list);
	c->list[c->count++] = *s;
}

static void collected_free(struct collected *c)
{
	idmap_free(&c->cookies);
	free(c->list);
	*c = (struct collected){ .count = 0 };
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
	return cookie;
}

static unsigned times(const struct collected *c, int fd)
{
	const struct idslot *slot = idmap_find(&c->cookies, cookie_of(fd));

	return slot ? slot->value : 0;
}

static int on, ends[2 * PAIRS];

static int connect_all(void **state)
{
	(void)state;
	leave_namespace(); /* where it may: else others' connections come and go between its own */
	on = listen_at(AF_INET, "127.0.0.1");
	for (int i = 0; i < 2 * PAIRS; i += 2) {
		ends[i] = connect_to(AF_INET, "127.0.0.1", port_of(on));
		ends[i + 1] = accept(on, NULL, NULL);
		if (ends[i] < 0 || ends[i + 1] < 0)
			return -1;
	}
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * PAIRS; i++)
		close(ends[i]);
	close(on);
	return 0;
}

static struct collected dump_all(struct dump *d)
{
	struct collected c = { .count = 0 };

	assert_int_equal(dump_go(d, UINT64_MAX, 0, collect, &c, NULL), DUMP_COMPLETE);
	return c;
}

static void every_connection_is_in_a_dump_once(void **state)
{
	struct collected c;
	struct dump d;

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	for (int round = 0; round < 2; round++) {
		c = dump_all(&d);
		for (int i = 0; i < 2 * PAIRS; i++)
			assert_int_equal(times(&c, ends[i]), 1);
		assert_int_equal(times(&c, on), 0);
		collected_free(&c);
	}
	dump_close(&d);
}

static void those_that_listen_are_in_the_other_dump(void **state)
{
	struct collected c;
	struct dump d;

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_OTHERS, NULL), 0);
	c = dump_all(&d);
	assert_int_equal(times(&c, on), 1);
	assert_int_equal(times(&c, ends[0]), 0);
	collected_free(&c);
	dump_close(&d);
}

/* No time at all: a piece each call. */
static void a_dump_goes_on_where_it_stopped(void **state)
{
	struct collected c = { .count = 0 };
	enum dump_progress progress = DUMP_MORE;
	struct dump d;
	int calls = 0;

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	for (; progress == DUMP_MORE; calls++)
		progress = dump_go(&d, 0, 1, collect, &c, NULL);
	assert_int_equal(progress, DUMP_COMPLETE);
	assert_true(calls > 4); /* some 70 sockets in a piece */
	for (int i = 0; i < 2 * PAIRS; i++)
		assert_int_equal(times(&c, ends[i]), 1);
	collected_free(&c);
	dump_close(&d);
}

static void the_newer_question_gives_the_same(void **state)
{
	struct collected c;
	struct dump d;

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	d.by_family = true;
	c = dump_all(&d);
	for (int i = 0; i < 2 * PAIRS; i++)
		assert_int_equal(times(&c, ends[i]), 1);
	collected_free(&c);
	dump_close(&d);
}

static void single_connections_are_found_by_their_ends(void **state)
{
	struct collected all, found = { .count = 0 };
	const struct seen *wanted[LOOKUP_BATCH];
	struct dump d;
	size_t n = 0;

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	all = dump_all(&d);
	for (size_t i = 0; i < all.count && n < LOOKUP_BATCH; i++)
		for (int e = 0; e < LOOKUP_BATCH / 2; e++)
			if (all.list[i].cookie == cookie_of(ends[e]))
				wanted[n++] = &all.list[i];
	assert_int_equal(n, LOOKUP_BATCH / 2);
	all.list[wanted[0] - all.list].cookie++; /* another one with the same ends is not meant */
	lookup_visit(d.fd, wanted, n, collect, &found);
	assert_int_equal(found.count, n - 1);
	for (size_t i = 0; i < found.count; i++) {
		assert_int_equal(found.list[i].protocol, IPPROTO_TCP);
		assert_int_equal(idmap_find(&found.cookies, found.list[i].cookie)->value, 1);
	}
	lookup_visit(d.fd, wanted, 0, collect, &found);
	assert_int_equal(found.count, n - 1);
	collected_free(&found);
	collected_free(&all);
	dump_close(&d);
}

/* IPv6, and IPv4 over a socket of IPv6. */
static void both_families_are_found_by_their_ends(void **state)
{
	static const struct {
		int family;
		const char *address;
	} peers[] = { { AF_INET6, "::1" }, { AF_INET, "127.0.0.1" } };
	int both = listen_at(AF_INET6, "::"), there[2], here[2];
	struct collected all, found = { .count = 0 };
	const struct seen *wanted[4];
	struct dump d;
	size_t n = 0;

	(void)state;
	if (both < 0)
		skip_because("no IPv6 here");
	for (int i = 0; i < 2; i++) {
		there[i] = connect_to(peers[i].family, peers[i].address, port_of(both));
		here[i] = accept(both, NULL, NULL);
	}
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	all = dump_all(&d);
	for (size_t i = 0; i < all.count; i++)
		for (int e = 0; e < 2; e++)
			if (all.list[i].cookie == cookie_of(there[e]) || all.list[i].cookie == cookie_of(here[e]))
				wanted[n++] = &all.list[i];
	assert_int_equal(n, 4);
	lookup_visit(d.fd, wanted, n, collect, &found);
	assert_int_equal(found.count, 4);
	for (int e = 0; e < 2; e++) {
		assert_int_equal(times(&found, there[e]), 1);
		assert_int_equal(times(&found, here[e]), 1);
		close(there[e]);
		close(here[e]);
	}
	close(both);
	collected_free(&found);
	collected_free(&all);
	dump_close(&d);
}

/* Whoever has rights in the namespace can write to our socket; of the port of the kernel's he is not. */
static void what_the_kernel_did_not_send_is_nothing(void **state)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_msg body;
	} lie = { .head = { .nlmsg_len = sizeof lie, .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.body = { .idiag_family = AF_INET, .idiag_state = 1, .id.idiag_cookie = { (uint32_t)FORGED, FORGED >> 32 } } };
	struct sockaddr_nl to;
	socklen_t size = sizeof to;
	struct collected c;
	struct dump d;
	int liar = netlink_open();

	(void)state;
	assert_int_equal(dump_open(&d, DUMP_CONNECTIONS, NULL), 0);
	c = dump_all(&d);
	collected_free(&c);
	assert_int_equal(getsockname(d.fd, (struct sockaddr *)&to, &size), 0);
	lie.head.nlmsg_seq = d.sequence + 1; /* of the next question */
	if (sendto(liar, &lie, sizeof lie, 0, (struct sockaddr *)&to, sizeof to) != sizeof lie) {
		close(liar);
		dump_close(&d);
		skip_because("needs the right to write to others' netlink sockets (root)");
	}
	c = dump_all(&d);
	assert_null(idmap_find(&c.cookies, FORGED));
	assert_int_equal(times(&c, ends[0]), 1);
	collected_free(&c);
	close(liar);
	dump_close(&d);
}

/* A connection of which both ends are closed. */
static void come_and_go(uint64_t cookies[2])
{
	int there = connect_to(AF_INET, "127.0.0.1", port_of(on)), here = accept(on, NULL, NULL);
	struct linger reset = { .l_onoff = 1 };

	assert_true(there >= 0 && here >= 0);
	cookies[0] = cookie_of(there);
	cookies[1] = cookie_of(here);
	setsockopt(there, SOL_SOCKET, SO_LINGER, &reset, sizeof reset); /* no port stays behind in TIME-WAIT */
	close(there);
	close(here);
}

static void last_words_are_heard(void **state)
{
	struct collected c = { .count = 0 };
	struct endings e;
	uint64_t cookies[2];

	(void)state;
	endings_open(&e);
	if (e.fd < 0)
		skip_because("the kernel does not tell who ends");
	come_and_go(cookies);
	sleep_ms(50);
	if (!endings_hear(&e, collect, &c))
		skip_because("so much else ends on this machine that nobody listens");
	for (int i = 0; i < 2; i++)
		assert_non_null(idmap_find(&c.cookies, cookies[i]));
	collected_free(&c);
	endings_close(&e);
}

/* Where very many end nobody listens, for a minute. */
static void many_endings_are_too_many(void **state)
{
	struct collected c = { .count = 0 };
	struct endings e;
	uint64_t cookies[2];

	(void)state;
	endings_open(&e);
	if (e.fd < 0)
		skip_because("the kernel does not tell who ends");
	clock_replace(watch_now, NULL);
	for (int i = 0; i < 400; i++)
		come_and_go(cookies);
	sleep_ms(50);
	assert_false(endings_hear(&e, collect, &c));
	assert_true(e.deaf_until != 0);
	collected_free(&c);
	come_and_go(cookies);
	sleep_ms(50);
	assert_true(endings_hear(&e, collect, &c));
	assert_int_equal(c.count, 0);
	*watch_skipped() += 61 * NSEC_PER_SEC;
	endings_hear(&e, collect, &c); /* what was left in the buffer, too */
	come_and_go(cookies);
	sleep_ms(50);
	endings_hear(&e, collect, &c);
	assert_non_null(idmap_find(&c.cookies, cookies[0]));
	clock_replace(NULL, NULL);
	collected_free(&c);
	endings_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_connection_is_in_a_dump_once),
		cmocka_unit_test(those_that_listen_are_in_the_other_dump),
		cmocka_unit_test(a_dump_goes_on_where_it_stopped),
		cmocka_unit_test(the_newer_question_gives_the_same),
		cmocka_unit_test(single_connections_are_found_by_their_ends),
		cmocka_unit_test(both_families_are_found_by_their_ends),
		cmocka_unit_test(what_the_kernel_did_not_send_is_nothing),
		cmocka_unit_test(last_words_are_heard),
		cmocka_unit_test(many_endings_are_too_many),
	};

	return cmocka_run_group_tests(tests, connect_all, close_all);
}
