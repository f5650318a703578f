/* The group dev: what the target's sockets send into network devices. Knows them by the states that the group sock keeps. */
#include "source/bpf/dev.h"

#include "base/alloc.h"
#include "source/bpf/wire_shared.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.skel.h"

#define NO_RX "no packet has a socket yet when a device hands it in; sock.tcp_rx_segments and sock.udp_rx_messages count what arrives"

struct dev {
	double packets;
};

/* The group that keeps a state with each socket of the target; NULL: it does not. */
static const struct group *find_sockets(const struct bpf_room *r)
{
	for (size_t i = 0; i < r->ngroups; i++)
		if (strcmp(r->groups[i].ops->name, "sock") == 0 && r->groups[i].attached && group_map(&r->groups[i], "sock_states") >= 0)
			return &r->groups[i];
	return NULL;
}

static int dev_open(struct group *g, struct err *e)
{
	struct dev_bpf *s;

	if (!find_sockets(g->room))
		return err_set(e, 0, "it knows sockets by the probe sock, which is not loaded, or keeps no state with them");
	s = dev_bpf__open();
	if (!s)
		return err_set(e, errno, "the program does not open: %s", strerror(errno));
	GROUP_TAKE(g, s);
	GROUP_SET_FEATURES(g, s);
	g->state = xcalloc(1, sizeof(struct dev));
	return 0;
}

static void dev_read(struct group *g, struct sample *out)
{
	struct packet_counts *cpus = xcalloc((size_t)g->room->ncpus, sizeof *cpus), sum = { 0 };
	struct dev *own = g->state;
	u32 zero = 0;

	if (bpf_map_lookup_elem(group_map(g, "device_counts"), &zero, cpus) == 0) {
		for (int c = 0; c < g->room->ncpus; c++) {
			sum.packets += cpus[c].packets;
			sum.bytes += cpus[c].bytes;
		}
		own->packets = (double)sum.packets;
		g->partial[0] = '\0';
		if (!find_sockets(g->room))
			snprintf(g->partial, sizeof g->partial, "of sockets that are new since the probe sock was taken out nothing is known");
		group_put_count(g, out, BPF_NETDEV_TX_PACKETS, (double)sum.packets);
		group_put_count(g, out, BPF_NETDEV_TX_BYTES, (double)sum.bytes);
	}
	free(cpus);
	group_missing(g, out, BPF_NETDEV_RX_PACKETS, POINT_ABSENT, NO_RX);
	group_missing(g, out, BPF_NETDEV_RX_BYTES, POINT_ABSENT, NO_RX);
}

static double dev_events(struct group *g)
{
	return ((struct dev *)g->state)->packets;
}

static void dev_close(struct group *g)
{
	free(g->state);
}

static const struct price_row dev_price = { .target = { 80, 80, 80 }, .bystander = 35 };
static const char *const dev_counted[] = { "tach_xmit", NULL };

const struct group_ops group_dev = {
	.name = "dev",
	.summary = "packets that the target sends into network devices; whoever sends pays for it while it is on",
	.first = BPF_NETDEV_RX_PACKETS,
	.last = BPF_NETDEV_TX_BYTES,
	.losses = LOSS_BIT(LOST_SOCKETS),
	.price = &dev_price,
	.counted = dev_counted,
	.events = dev_events,
	.opt_in = true,
	.how = "the key x in the Rate pane",
	.open = dev_open,
	.read = dev_read,
	.close = dev_close,
};
