/* tach stat: numbers without a terminal. Waits for samples and signals, hands every interval to an exporter. */
#include "cmd/stat.h"

#include "cmd/signals.h"
#include "export/export.h"
#include "model/store.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the summary of a run and the formulas over the last minute may look back on. */
#define HISTORY_TICKS 3600
#define HISTORY_TIME (60 * NSEC_PER_SEC)

struct batch {
	const struct options *o;
	struct session *session;
	struct store *store;
	const struct export_ops *ops;
	void *export;       /* NULL until it began */
	int signals;        /* signals_open() */
	nsec_t began;       /* when the first sample came; its own time may be that of a recording */
	uint64_t ticks;     /* intervals so far */
	const char *reason; /* why it is over; NULL: it goes on */
	int signal;         /* that came, or 0 */
	bool failed;        /* and the reason was printed */
};

static int check_options(const struct options *o)
{
	if (o->json && o->csv)
		return command_fail(EXIT_USAGE, "--json or --csv, not both");
	if (o->time && o->ticks)
		return command_fail(EXIT_USAGE, "-t or -N, not both");
	if (o->time && o->time < o->interval)
		return command_fail(EXIT_USAGE, "-t is shorter than one tick (-i)");
	return EXIT_DONE;
}

static void stop_writing(struct batch *b)
{
	b->reason = "failed";
	b->failed = true;
}

static void begin_export(struct batch *b)
{
	if (!b->export)
		b->export = b->ops->begin(stdout, b->store,
			&(struct export_options){ .utc = b->o->utc, .latency = b->o->latency });
}

/* Whether half a tick from now the time is up: the tick that is nearest to it is the last. */
static bool time_is_up(const struct batch *b)
{
	nsec_t watched = store_now(b->store) - store_first(b->store);

	return b->o->time && watched + b->o->interval / 2 >= b->o->time;
}

/* A tick that comes early because a process ended, and left others behind, is none of those that -N asks for. */
static bool counts(const struct batch *b, nsec_t length)
{
	return b->o->feed || length >= b->o->interval / 2;
}

static void take_sample(struct batch *b, struct sample *sample)
{
	nsec_t before = store_now(b->store);

	store_take(b->store, sample);
	if (!b->began)
		b->began = clock_now();
	if (!before || store_now(b->store) == before)
		return;
	begin_export(b);
	b->ops->tick(b->export, stdout, b->store);
	b->ticks += counts(b, store_now(b->store) - before);
	if (command_flush())
		stop_writing(b);
	else if (b->o->ticks && b->ticks >= b->o->ticks)
		b->reason = "ticks";
	else if (time_is_up(b))
		b->reason = "time";
}

static void take_samples(struct batch *b)
{
	bool ended = session_ended(b->session); /* asked first: what it queued before it ended is still taken */
	struct sample *sample;
	char answer[256];
	struct err e;

	if (session_take_answer(b->session, answer, sizeof answer))
		fprintf(stderr, "tach: %s\n", answer);
	while (!b->reason && (sample = session_next(b->session)))
		take_sample(b, sample);
	if (!ended || b->reason)
		return;
	b->reason = store_facts(b->store)->exit_status >= 0 ? "exited" : "ended";
	if (session_failure(b->session, &e)) {
		command_fail(EXIT_FAILED, "%s", e.text);
		stop_writing(b);
	}
}

/* Milliseconds until a stalled source may no longer hold up the end of the run; -1: for ever. */
static int patience(const struct batch *b)
{
	nsec_t last = b->began + b->o->time + b->o->interval, now = clock_now();

	if (!b->o->time || !b->began)
		return -1;
	return now >= last ? 0 : (last - now) / NSEC_PER_MSEC > 60000 ? 60000 : (int)((last - now) / NSEC_PER_MSEC) + 1;
}

static void wait_and_take(struct batch *b)
{
	struct pollfd fds[2] = { { .fd = session_fd(b->session), .events = POLLIN },
		{ .fd = b->signals, .events = POLLIN } };
	int wait = patience(b);

	if (wait == 0)
		b->reason = "time";
	else if (poll(fds, 2, wait) < 0 && errno != EINTR)
		fatal("poll: %s", strerror(errno));
	b->signal = signals_take(b->signals);
	if (b->signal)
		b->reason = "signal";
	if (!b->reason)
		take_samples(b);
}

static void end_export(struct batch *b)
{
	struct export_end end = { .reason = b->reason, .status = store_facts(b->store)->exit_status };
	struct err note;

	if (!b->export && b->failed)
		return; /* nothing ever came: the reason is all there is to say */
	begin_export(b);
	b->ops->end(b->export, stdout, b->store, &end, &note);
	if (*note.text)
		command_fail(EXIT_FAILED, "%s", note.text);
	if (!b->failed && command_flush())
		b->failed = true;
}

static int exit_status(const struct batch *b, bool started)
{
	int status = store_facts(b->store)->exit_status;

	if (b->failed)
		return EXIT_FAILED;
	if (b->signal)
		return 128 + b->signal;
	return started && status >= 0 ? status : EXIT_DONE;
}

static int run_batch(struct batch *b, bool started)
{
	nsec_t history = HISTORY_TIME / b->o->interval + 2;
	int status;

	b->store = store_new(history > HISTORY_TICKS ? history : HISTORY_TICKS);
	while (!b->reason)
		wait_and_take(b);
	session_close(b->session); /* a command that tach started is over before the last word about it */
	end_export(b);
	status = exit_status(b, started);
	store_free(b->store);
	return status;
}

int stat_run(const struct options *o, const struct words *w, const struct opening *how)
{
	struct batch b = { .o = o, .ops = export_find(o->json ? "json" : o->csv ? "csv" : "text") };
	int status = check_options(o);

	if (!status)
		status = open_check(o, w, how);
	if (status)
		return status;
	b.signals = signals_open();
	if (b.signals < 0)
		return command_fail(EXIT_FAILED, "cannot wait for signals: %s", strerror(errno));
	b.session = open_session(o, w, how, &status);
	if (b.session)
		status = run_batch(&b, open_starts_command(o, w, how));
	close(b.signals);
	return status;
}

int cmd_stat(const struct options *o, const struct words *w)
{
	struct opening how = { .output = o->output };

	return stat_run(o, w, &how);
}
