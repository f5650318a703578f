/* Links of probes in user space: by BPF_LINK_CREATE for many, which libbpf 1.1 does not know, else by perf's events. */
#include "source/bpf/fn_link.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/thread.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/bpf/shared.h"

#include "fn.skel.h"

#define UPROBE_MULTI 48    /* enum bpf_attach_type of <linux/bpf.h>, which may be older than the kernel */
#define UPROBE_MULTI_RETURN 1
#define CLOSERS 64         /* threads that close at a time */

/* The part of union bpf_attr that BPF_LINK_CREATE reads for it. */
struct create_many {
	uint32_t program, target, type, flags;
	uint64_t path, offsets, semaphores, cookies;
	uint32_t count, how;
	int32_t pid;
	uint32_t zero;
};

static int create_many(const struct create_many *c)
{
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, c, sizeof *c);
}

/* A kernel that knows them looks for the file first; one that does not says so of the type. */
bool fn_link_many(void)
{
	static const struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 }, { .code = BPF_JMP | BPF_EXIT } };
	const struct bpf_prog_load_opts o = { .sz = sizeof o, .expected_attach_type = (enum bpf_attach_type)UPROBE_MULTI };
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "tach_try", "GPL", code, 2, &o), link;
	uint64_t offset = 0;
	bool known;

	if (program < 0)
		return false;
	link = create_many(&(struct create_many){ .program = (uint32_t)program, .type = UPROBE_MULTI,
		.path = (uintptr_t)"/proc/self/no such file", .offsets = (uintptr_t)&offset, .count = 1 });
	known = link < 0 && errno == ENOENT;
	if (link >= 0)
		close(link);
	close(program);
	return known;
}

void fn_link_prepare(struct fn_bpf *s, bool many)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, s->obj) {
		bpf_program__set_autoattach(p, false);
		if (many)
			bpf_program__set_expected_attach_type(p, (enum bpf_attach_type)UPROBE_MULTI);
	}
}

static void keep(struct fn_links *links, int fd)
{
	links->fds = xgrow(links->fds, &links->capacity, links->count + 1, sizeof *links->fds);
	links->fds[links->count++] = fd;
}

/* One program at all points that are timed, or at all others. */
static int link_many(const struct bpf_program *p, bool timed, bool back, const char *path, pid_t pid,
	const struct fn_point *points, size_t count, struct fn_links *out)
{
	uint64_t offsets[FN_POINTS], semaphores[FN_POINTS], cookies[FN_POINTS];
	struct create_many c = { .program = (uint32_t)bpf_program__fd(p), .type = UPROBE_MULTI, .path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets, .cookies = (uintptr_t)cookies, .how = back ? UPROBE_MULTI_RETURN : 0, .pid = pid };
	int fd;

	for (size_t i = 0; i < count && c.count < FN_POINTS; i++) {
		if (points[i].timed != timed)
			continue;
		offsets[c.count] = points[i].offset;
		semaphores[c.count] = points[i].semaphore;
		c.semaphores = points[i].semaphore ? (uintptr_t)semaphores : c.semaphores;
		cookies[c.count++] = points[i].slot;
	}
	if (!c.count)
		return 0;
	fd = create_many(&c);
	if (fd >= 0)
		keep(out, fd);
	return fd < 0 ? -errno : 0;
}

/* Where it returns to first: a call that is seen at its entry is then seen at its end. */
static int link_all(const struct fn_bpf *s, const char *path, pid_t pid, const struct fn_point *points, size_t count,
	struct fn_links *out)
{
	int rc = link_many(s->progs.tach_fn_return, true, true, path, pid, points, count, out);

	rc = rc ? rc : link_many(s->progs.tach_fn_enter, true, false, path, pid, points, count, out);
	return rc ? rc : link_many(s->progs.tach_fn_count, false, false, path, pid, points, count, out);
}

static int event_type(void)
{
	char text[16];

	return file_read_at(AT_FDCWD, "/sys/bus/event_source/devices/uprobe/type", text, sizeof text) > 0 ? atoi(text) : -1;
}

/* A link of its own for a probe by perf's event; its descriptor, or the negative error. The link keeps the event. */
static int link_event(const struct bpf_program *p, bool back, const char *path, pid_t pid, const struct fn_point *at)
{
	int type = event_type(), event, link, saved;
	/* The bits of config stand in the folder "format" beside the type. */
	struct perf_event_attr attr = { .size = sizeof attr, .type = (uint32_t)type, .config1 = (uintptr_t)path,
		.config2 = at->offset, .config = back ? 1 : at->semaphore << 32 };
	const struct bpf_link_create_opts o = { .sz = sizeof o, .perf_event.bpf_cookie = at->slot };

	if (type < 0)
		return -ENODEV;
	event = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return -errno;
	link = bpf_link_create(bpf_program__fd(p), event, BPF_PERF_EVENT, &o);
	saved = errno;
	close(event);
	return link < 0 ? -saved : link;
}

static int link_one(const struct fn_bpf *s, const char *path, pid_t pid, const struct fn_point *at, struct fn_links *out)
{
	int back = at->timed ? link_event(s->progs.tach_fn_return, true, path, pid, at) : 0, fd;

	if (back < 0)
		return back;
	fd = link_event(at->timed ? s->progs.tach_fn_enter : s->progs.tach_fn_count, false, path, pid, at);
	if (at->timed)
		keep(out, back);
	if (fd >= 0)
		keep(out, fd);
	return fd < 0 ? fd : 0;
}

size_t fn_link(const struct fn_bpf *s, bool many, int fd, pid_t pid, const struct fn_point *points, size_t count, bool *failed,
	struct fn_links *out, struct err *e)
{
	size_t before = out->count, good = count;
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	memset(failed, 0, count * sizeof *failed);
	if (many && link_all(s, path, pid, points, count, out) == 0)
		return count;
	for (; many && out->count > before; out->count--)
		close(out->fds[out->count - 1]);
	for (size_t i = 0; i < count; i++) { /* which of them it is */
		struct fn_links own = { .fds = NULL };
		int rc = many ? link_all(s, path, pid, &points[i], 1, &own) : link_one(s, path, pid, &points[i], &own);

		failed[i] = rc < 0;
		good -= rc < 0;
		if (rc < 0)
			err_set(e, -rc, "the kernel does not put a probe there: %s", strerror(-rc));
		if (rc < 0)
			fn_unlink(&own);
		else
			fn_links_move(out, &own);
	}
	return good;
}

static void *close_one(void *fd)
{
	close(*(int *)fd);
	return NULL;
}

/* Closes them beside each other where threads can be had. */
static void close_some(int *fds, size_t count)
{
	pthread_t threads[CLOSERS];
	size_t n = 0;

	while (n < count && thread_start(&threads[n], close_one, &fds[n]) == 0)
		n++;
	for (size_t i = n; i < count; i++)
		close(fds[i]);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
}

void fn_links_move(struct fn_links *to, struct fn_links *from)
{
	for (size_t i = 0; i < from->count; i++)
		keep(to, from->fds[i]);
	free(from->fds);
	*from = (struct fn_links){ .fds = NULL };
}

void fn_unlink(struct fn_links *links)
{
	for (size_t at = 0; at < links->count; at += CLOSERS)
		close_some(links->fds + at, links->count - at < CLOSERS ? links->count - at : CLOSERS);
	free(links->fds);
	*links = (struct fn_links){ .fds = NULL };
}
