/* The group wire: which cgroup, attaching to it, its two directions. */
#include "source/bpf/wire.h"

#include "base/alloc.h"
#include "source/bpf/wire_shared.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.skel.h"

#define FIX "start it with tach as root, or give it a cgroup and watch that: tach -g CGROUP"

struct wire {
	double packets; /* both ways, as of the last tick */
	char *path;
	bool made; /* by tach, for it */
};

static int wire_open(struct group *g, struct err *e)
{
	struct wire_bpf *s = wire_bpf__open();

	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	bpf_program__set_autoattach(s->progs.tach_in, false);
	bpf_program__set_autoattach(s->progs.tach_out, false);
	g->state = xcalloc(1, sizeof(struct wire));
	return 0;
}

/* Beside whatever else is attached there. */
static int attach(struct wire_bpf *s, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "its cgroup cannot be opened: %s", strerror(errno));
	s->links.tach_in = bpf_program__attach_cgroup(s->progs.tach_in, fd);
	s->links.tach_out = s->links.tach_in ? bpf_program__attach_cgroup(s->progs.tach_out, fd) : NULL;
	if (!s->links.tach_out)
		err_set(e, errno, "its cgroup takes no programs: %s", strerror(errno));
	close(fd);
	return s->links.tach_out ? 0 : -1;
}

/* Nothing is counted any more, and the rows say why. */
static void give_up(struct group *g, const char *why)
{
	if (why)
		err_set(&g->why, 0, "%s", why);
	err_set(&g->fix, 0, FIX);
	group_detach(g);
}

/* The cgroup is chosen here, by the sampler: only it may look at the target. */
static void wire_marked(struct group *g)
{
	struct wire *w = g->state;
	struct wire_bpf *s = g->typed;

	if (s->links.tach_in) /* it is there: more of the target was marked */
		return;
	free(w->path);
	w->path = target_own_cgroup(g->room->target, &w->made, &g->why);
	if (!w->path || attach(s, w->path, &g->why))
		give_up(g, NULL);
}

static void wire_read(struct group *g, struct sample *out)
{
	static const enum bpf_metric rows[PACKET_WAYS] = { BPF_NET_RX_PACKETS, BPF_NET_TX_PACKETS };
	struct wire *w = g->state;
	double packets = 0;
	struct packet_counts *cpus = xcalloc((size_t)g->room->ncpus, sizeof *cpus);

	for (u32 way = 0; way < PACKET_WAYS; way++) {
		struct packet_counts sum = { 0 };

		if (bpf_map_lookup_elem(group_map(g, "packet_counts"), &way, cpus))
			continue;
		for (int c = 0; c < g->room->ncpus; c++) {
			sum.packets += cpus[c].packets;
			sum.bytes += cpus[c].bytes;
		}
		packets += (double)sum.packets;
		group_put_count(g, out, rows[way], (double)sum.packets);
		group_put_count(g, out, rows[way] + 1, (double)sum.bytes);
	}
	w->packets = packets;
	free(cpus);
	if (!w->made && !target_is_alone_in(g->room->target, w->path))
		give_up(g, "others have come to its cgroup");
}

static void wire_close(struct group *g)
{
	struct wire *w = g->state;

	if (!w)
		return;
	group_detach(g); /* before the cgroup goes */
	if (w->path && w->made)
		target_remove_cgroup(w->path);
	free(w->path);
	free(w);
}

static double wire_events(struct group *g)
{
	return ((struct wire *)g->state)->packets;
}

static const struct price_row wire_price = { .target = { 43, 0, 0 } };
static const char *const wire_counted[] = { "tach_in", "tach_out", NULL };

const struct group_ops group_wire = {
	.name = "wire",
	.summary = "packets on the wire, where the target has a cgroup v2 to itself",
	.first = BPF_NET_RX_PACKETS,
	.last = BPF_NET_TX_BYTES,
	.price = &wire_price,
	.counted = wire_counted,
	.events = wire_events,
	.open = wire_open,
	.marked = wire_marked,
	.read = wire_read,
	.close = wire_close,
};
