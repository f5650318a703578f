/* The sockdiag source on a real target, and an actor that has sockets. */
#ifndef TACH_TESTS_SOURCE_SOCKDIAG_WATCH_H
#define TACH_TESTS_SOURCE_SOCKDIAG_WATCH_H

#include "../../lib/actor.h"
#include "../../lib/near.h"
#include "base/clock.h"
#include "model/tables.h"
#include "source/sockdiag/metrics.h"
#include "source/sockdiag/sockdiag.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

struct watch {
	struct registry *registry;
	bool wanted[SOCKDIAG_METRIC_COUNT];
	struct source_env env;
	struct target *target;
	void *state;
	struct sample *sample; /* of the last tick */
};

static inline void watch_open(struct watch *w, struct target *take)
{
	*w = (struct watch){ .registry = registry_new(), .target = take };
	assert_non_null(take);
	w->env = (struct source_env){ .registry = w->registry, .wanted = w->wanted };
	for (size_t i = 0; i < SOCKDIAG_METRIC_COUNT; i++) {
		registry_add(w->registry, &sockdiag_rows[i]);
		w->wanted[i] = true;
	}
	w->state = source_sockdiag.open(&w->env, take, NULL);
	assert_non_null(w->state);
}

static inline void watch_attach(struct watch *w, pid_t pid, bool children)
{
	struct target_options o = { .children = children };

	watch_open(w, target_open_pids(&pid, 1, &o, NULL));
}

/* Time that passed beside the real one: new sockets are not looked for all the time. */
static inline nsec_t *watch_skipped(void)
{
	static nsec_t skipped;

	return &skipped;
}

static inline nsec_t watch_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (nsec_t)ts.tv_sec * NSEC_PER_SEC + (nsec_t)ts.tv_nsec + *watch_skipped();
}

/* A tick right now. */
static inline void watch_read(struct watch *w)
{
	clock_replace(watch_now, NULL);
	target_refresh(w->target);
	sample_free(w->sample);
	w->sample = sample_new(w->registry);
	source_sockdiag.read(w->state, w->target, w->sample);
	clock_replace(NULL, NULL);
}

/* A tick much later. */
static inline void watch_tick(struct watch *w)
{
	*watch_skipped() += 20 * NSEC_PER_SEC;
	watch_read(w);
}

static inline void watch_close(struct watch *w)
{
	sample_free(w->sample);
	source_sockdiag.close(w->state);
	target_close(w->target);
	registry_free(w->registry);
}

static inline struct point watch_point(const struct watch *w, const char *name)
{
	metric_id id = registry_find(w->registry, name);

	assert_true(id != METRIC_NONE);
	return id < w->sample->nmetrics ? w->sample->points[id] : point_missing(POINT_GAP, NULL);
}

static inline double watch_value(const struct watch *w, const char *name)
{
	struct point p = watch_point(w, name);

	if (!point_has_value(p)) {
		printf("# %s has no value: state %d, %s\n", name, (int)p.state, p.why ? p.why : "");
		fail();
	}
	return p.value;
}

static inline const struct status *watch_status(const struct watch *w)
{
	assert_int_equal(w->sample->nstatuses, 1);
	return &w->sample->statuses[0];
}

/* The row of a socket by its local end as text; NULL: none. */
static inline union cell *watch_row(const struct watch *w, const char *local)
{
	const struct table *t = sample_find_table(w->sample, &table_sockets);

	for (size_t i = 0; t && i < t->nrows; i++)
		if (strcmp(t->cells[i * table_sockets_columns + SOCKETS_LOCAL].text, local) == 0)
			return t->cells + i * table_sockets_columns;
	return NULL;
}

/* ---- sockets ---- */

/* Into a network namespace of one's own, with a loopback. False: it may not. */
static inline bool leave_namespace(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = unshare(CLONE_NEWNET) == 0 ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
	bool up = s >= 0 && ioctl(s, SIOCSIFFLAGS, &r) == 0;

	close(s);
	return up;
}

static inline struct sockaddr_storage address_of(int family, const char *text, uint16_t port)
{
	struct sockaddr_storage out = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *four = (struct sockaddr_in *)&out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;

	if (family == AF_INET)
		four->sin_port = htons(port);
	else
		six->sin6_port = htons(port);
	if (inet_pton(family, text, family == AF_INET ? (void *)&four->sin_addr : (void *)&six->sin6_addr) != 1)
		_exit(1);
	return out;
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof at;

	if (getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		_exit(1);
	return ntohs(((struct sockaddr_in *)&at)->sin_port); /* at the same place in both */
}

static inline int listen_at(int family, const char *text)
{
	struct sockaddr_storage at = address_of(family, text, 0);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 4096) == 0 ? fd : -1;
}

static inline int connect_to(int family, const char *text, uint16_t port)
{
	struct sockaddr_storage at = address_of(family, text, port);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static inline struct tcp_info info_of(int fd)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t size = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		_exit(1);
	return info;
}

/* All of it, through blocking sockets. */
static inline void move_bytes(int from, int to, size_t size)
{
	static char data[65536];

	for (size_t n; size; size -= n) {
		n = size < sizeof data ? size : sizeof data;
		if (write(from, data, n) != (ssize_t)n || recv(to, data, n, MSG_WAITALL) != (ssize_t)n)
			_exit(1);
	}
}

#endif
