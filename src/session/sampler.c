/* The sampler thread: owns the target and the sources, and seals one sample a tick. */
#include "session/room.h"

#include "base/caps.h"

#include <linux/capability.h>
#include <poll.h>
#include <string.h>

#define EARLY_TICK (250 * NSEC_PER_MSEC)

/* Reads everything once. The time stamp is the middle of the sweep. Returns whether the target goes on. */
static bool tick(struct session *s)
{
	nsec_t begin = clock_now(), end, middle;
	bool alive = target_refresh(s->target);
	struct sample *out = sample_new(s->registry);

	sources_read(s, out);
	target_facts(s->target, &out->facts);
	end = clock_now();
	sample_put_value(out, s->tick_metric, nsec_to_seconds(end - begin));
	middle = begin + (end - begin) / 2;
	sample_seal(out, middle, clock_wall() - (clock_now() - middle), s->announced);
	s->announced = (metric_id)registry_count(s->registry);
	session_push(s, out);
	return alive;
}

static bool take_question(struct session *s, struct question *out)
{
	bool waits;

	pthread_mutex_lock(&s->lock);
	waits = s->nquestions > 0;
	if (waits) {
		*out = s->questions[0];
		s->nquestions--;
		memmove(s->questions, s->questions + 1, s->nquestions * sizeof *s->questions);
	}
	pthread_mutex_unlock(&s->lock);
	return waits;
}

static void answer_questions(struct session *s)
{
	char text[sizeof s->answer];
	struct question q;

	while (take_question(s, &q)) {
		text[0] = '\0';
		q.asked->ops->ask(q.asked->state, s->target, q.text, text, sizeof text);
		session_answer(s, text);
	}
}

static nsec_t interval_now(struct session *s)
{
	nsec_t interval;

	pthread_mutex_lock(&s->lock);
	interval = s->interval;
	pthread_mutex_unlock(&s->lock);
	return interval;
}

/* The next multiple of the interval after `start` that is at least half an interval away: a late tick is skipped, never
 * made up for by one that is too short to say anything. */
static nsec_t next_due(nsec_t start, nsec_t interval)
{
	return start + ((clock_now() - start + interval / 2) / interval + 1) * interval;
}

/* Readable once the only process of the target has ended, so that its end is told at once and not at the next tick; -1
 * where there are several, or where it has told so already (deaf: the generation of the target in which it did). */
static int end_fd(const struct session *s, uint64_t deaf)
{
	size_t count, alive = 0;
	const struct process *p = target_processes(s->target, &count);
	int fd = -1;

	for (size_t i = 0; i < count; i++) {
		alive += !p[i].gone;
		fd = p[i].gone ? fd : p[i].pidfd;
	}
	return alive == 1 && target_generation(s->target) != deaf ? fd : -1;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, 0) > 0;
}

static void run_ticks(struct session *s)
{
	nsec_t interval = interval_now(s), start = clock_now();
	nsec_t due = s->early && interval > 2 * EARLY_TICK ? start + EARLY_TICK : start + interval;
	uint64_t deaf = UINT64_MAX;

	while (!session_stopping(s)) {
		int fd = end_fd(s, deaf);
		bool ended;

		session_sleep(s, due, fd);
		answer_questions(s);
		ended = is_readable(fd);
		if (interval_now(s) != interval) {
			interval = interval_now(s);
			start = clock_now();
			due = start + interval;
		}
		if (clock_now() < due && !ended)
			continue;
		if (ended)
			deaf = target_generation(s->target);
		if (!session_full(s) && !tick(s))
			return;
		due = next_due(start, interval);
	}
}

/*
 * What the sampler still needs once everything is open: it reads what strangers wrote, so it keeps nothing else. Threads
 * that it starts have the same; a command was started before, with all that tach was given.
 */
static const unsigned kept[] = {
	CAP_BPF,                /* probes that are switched on later, and their maps on some kernels */
	CAP_PERFMON,            /* counters of new threads; programs that read the kernel's memory */
	CAP_SYS_PTRACE,         /* descriptors, storage bytes and memory of other users' programs */
	CAP_DAC_READ_SEARCH,    /* their files: symbols, maps */
	CAP_CHECKPOINT_RESTORE, /* and those that were deleted since they were mapped */
	CAP_SYS_ADMIN,          /* other network namespaces; the kernel's statistics of programs */
	CAP_NET_ADMIN,          /* larger socket buffers; programs on cgroups */
	CAP_SYSLOG,             /* addresses of the kernel's functions */
	CAP_SYS_RESOURCE,       /* memory of maps that are made later, before Linux 5.11 */
};

void *sampler_run(void *session)
{
	struct session *s = session;
	struct err e = { .code = 0 };

	sources_open(s);
	tick(s); /* what everything stood at before the target ran, or before tach looked */
	if (target_go(s->target, &e)) {
		session_tell_started(s, &e);
		return NULL;
	}
	session_tell_started(s, NULL);
	caps_keep(kept, sizeof kept / sizeof kept[0]);
	run_ticks(s);
	session_tell_ended(s, NULL);
	while (!session_stopping(s)) { /* the dashboard still shows the last numbers and may ask */
		session_sleep(s, 0, -1);
		answer_questions(s);
	}
	return NULL;
}
