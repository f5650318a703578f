/*
 * packet-udp: one thread sends datagrams over loopback, another receives them; each such pair has sockets of its own.
 * What is lost is known by sequence numbers: sent = received + lost holds exactly at the end.
 */
#include "workload/packet_udp.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "workload/pace.h"
#include "workload/report.h"
#include "workload/udp.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLE (500 * NSEC_PER_MSEC)     /* a gap this old is a loss; a younger one may still be filled out of order */
#define LOOK_EVERY (100 * NSEC_PER_MSEC) /* whether it is to end */

enum { SIZE, BATCH, RATE, ECHO_EVERY, THREADS, OPTIONS };

static const struct workload_option options[OPTIONS] = {
	[SIZE] = { .name = "size", .argument = "BYTES", .value = "64", .type = WORKLOAD_SIZE,
		.min = sizeof(struct udp_head), .max = 65507, .help = "payload of a packet" },
	[BATCH] = { .name = "batch", .argument = "N", .value = "32", .type = WORKLOAD_COUNT, .min = 1, .max = 1024,
		.help = "packets that one system call sends or receives at most" },
	[RATE] = { .name = "rate", .argument = "N", .value = "0", .type = WORKLOAD_COUNT, .max = 100000000,
		.help = "packets a second of all senders together; 0: as many as go" },
	[ECHO_EVERY] = { .name = "echo", .argument = "N", .value = "64", .type = WORKLOAD_COUNT, .max = 1000000000,
		.help = "every Nth packet is sent back and its round trip measured; 0: none" },
	[THREADS] = { .name = "threads", .argument = "PAIRS", .value = "1", .type = WORKLOAD_COUNT, .min = 1, .max = 60,
		.help = "pairs of a sender and a receiver" },
};

struct names {
	struct tach_counter ops, rx_packets, tx_packets, rx_bytes, tx_bytes, lost, reordered, echoes;
	struct tach_histogram rtt;
};

struct pair {
	struct workload_run *run;
	const struct names *names;
	int sender, receiver;
	pthread_t sending, receiving;
	atomic_ullong total;  /* packets sent, once the sender has stopped; UINT64_MAX before */
	atomic_bool received; /* the receiver has taken all that came */
	/* Of the sender. */
	uint64_t tx_packets, replies;
	nsec_t tx_cpu;
	struct err tx_error;
	/* Of the receiver. */
	uint64_t rx_packets, reordered, echoes, lost;
	nsec_t rx_cpu;
	struct err rx_error;
};

static void fail(struct pair *p, struct err *e, const char *what)
{
	err_set(e, errno, "cannot %s packets: %s", what, strerror(errno));
	atomic_store(&p->run->stop, true);
}

/* What passes by itself: a signal, a full queue. */
static bool passes(int error)
{
	return error == EINTR || error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* ---- sender ---- */

static void send_some(struct pair *p, struct tach_writer *w, struct udp_batch *b, unsigned n)
{
	nsec_t now = clock_now();
	int sent;

	for (unsigned i = 0; i < n; i++)
		*udp_head(b, i) = (struct udp_head){ p->tx_packets + i, now };
	sent = sendmmsg(p->sender, b->messages, n, 0);
	if (sent < 0) {
		if (!passes(errno))
			fail(p, &p->tx_error, "send");
		return;
	}
	p->tx_packets += (unsigned)sent;
	tach_add(w, p->names->tx_packets, (uint64_t)sent);
	tach_add(w, p->names->tx_bytes, (uint64_t)sent * b->size);
}

/* Takes the replies that are there. */
static void take_replies(struct pair *p, struct tach_writer *w, struct udp_batch *b)
{
	int n;

	do {
		nsec_t now;

		n = recvmmsg(p->sender, b->messages, b->capacity, MSG_DONTWAIT, NULL);
		now = clock_now();
		for (int i = 0; i < n; i++)
			tach_record(w, p->names->rtt, now - udp_head(b, (unsigned)i)->sent);
		p->replies += n > 0 ? (unsigned)n : 0;
	} while (n == (int)b->capacity);
}

/* Sleeps until packets are due or a reply comes. */
static void wait_for_reply(struct pair *p, nsec_t wait)
{
	struct pollfd fd = { p->sender, POLLIN, 0 };
	nsec_t most = wait < LOOK_EVERY ? wait : LOOK_EVERY;

	ppoll(&fd, p->run->value[ECHO_EVERY] != 0, &(struct timespec){ 0, (long)most }, NULL);
}

static void *send_packets(void *arg)
{
	struct pair *p = arg;
	const uint64_t *value = p->run->value;
	struct tach_writer *w = tach_publish_writer(p->run->publisher, "sender");
	struct udp_batch out, in;
	struct pace pace;

	udp_batch_init(&out, (unsigned)value[BATCH], value[SIZE]);
	udp_batch_init(&in, (unsigned)value[BATCH], value[SIZE]);
	pace_begin(&pace, (double)value[RATE] / (double)value[THREADS]);
	while (!atomic_load_explicit(&p->run->stop, memory_order_relaxed)) {
		nsec_t now = value[RATE] ? clock_now() : 0;
		uint64_t due = pace_due(&pace, p->tx_packets, now, out.capacity);

		if (due)
			send_some(p, w, &out, (unsigned)due);
		else
			wait_for_reply(p, pace_wait(&pace, p->tx_packets, now));
		if (value[ECHO_EVERY])
			take_replies(p, w, &in);
	}
	atomic_store(&p->total, p->tx_packets);
	while (!atomic_load(&p->received)) {
		wait_for_reply(p, NSEC_PER_MSEC);
		take_replies(p, w, &in);
	}
	take_replies(p, w, &in);
	tach_publish_writer_done(p->run->publisher, w);
	udp_batch_free(&out);
	udp_batch_free(&in);
	p->tx_cpu = clock_cpu_thread();
	return NULL;
}

/* ---- receiver ---- */

/* What the sequence numbers tell. `missing` are the numbers below `next` that have not come (yet). */
struct sequence {
	uint64_t next, came;
	uint64_t least; /* fewest missing at the end of a batch since `since` */
	nsec_t since;
};

static uint64_t missing(const struct sequence *s)
{
	return s->next > s->came ? s->next - s->came : 0;
}

static void count_lost(struct pair *p, struct tach_writer *w, uint64_t lost)
{
	if (lost <= p->lost)
		return;
	tach_add(w, p->names->lost, lost - p->lost);
	p->lost = lost;
}

/* After each batch: what was missing all the time since `since` is lost. */
static void settle(struct pair *p, struct tach_writer *w, struct sequence *s)
{
	nsec_t now = clock_now();

	if (missing(s) < s->least)
		s->least = missing(s);
	if (now - s->since < SETTLE)
		return;
	count_lost(p, w, s->least);
	s->least = missing(s);
	s->since = now;
}

/* Sends back the packets of a batch that ask for it: those whose number is a multiple of N. */
static void send_echoes(struct pair *p, struct tach_writer *w, const struct udp_batch *b, struct mmsghdr *echoes, int n)
{
	uint64_t every = p->run->value[ECHO_EVERY];
	unsigned count = 0;
	int sent;

	for (int i = 0; every && i < n; i++)
		if (udp_head(b, (unsigned)i)->sequence % every == 0)
			echoes[count++].msg_hdr = b->messages[i].msg_hdr;
	sent = count ? sendmmsg(p->receiver, echoes, count, 0) : 0;
	if (sent < 0 && !passes(errno))
		fail(p, &p->rx_error, "send back");
	if (sent <= 0)
		return;
	p->echoes += (unsigned)sent;
	tach_add(w, p->names->echoes, (uint64_t)sent);
}

static void take_packets(struct pair *p, struct tach_writer *w, const struct udp_batch *b, struct sequence *s, int n)
{
	for (int i = 0; i < n; i++) {
		uint64_t number = udp_head(b, (unsigned)i)->sequence;

		if (number >= s->next) {
			s->next = number + 1;
		} else {
			p->reordered++;
			tach_add(w, p->names->reordered, 1);
		}
	}
	s->came += (unsigned)n;
	tach_add(w, p->names->ops, (uint64_t)n);
	tach_add(w, p->names->rx_packets, (uint64_t)n);
	tach_add(w, p->names->rx_bytes, (uint64_t)n * b->size);
}

/* Until the sender has stopped and all has come, or nothing more comes. What has not come then is lost. */
static void receive_all(struct pair *p, struct tach_writer *w, struct udp_batch *b, struct mmsghdr *echoes)
{
	struct sequence s = { .since = clock_now() };
	unsigned long long total = UINT64_MAX;
	int n = 0;

	while (s.came < total && (n > 0 || total == UINT64_MAX)) {
		total = atomic_load(&p->total);
		n = recvmmsg(p->receiver, b->messages, b->capacity, MSG_WAITFORONE, NULL);
		if (n < 0 && !passes(errno)) {
			fail(p, &p->rx_error, "receive");
			break;
		}
		if (n > 0) {
			take_packets(p, w, b, &s, n);
			send_echoes(p, w, b, echoes, n);
		}
		settle(p, w, &s);
	}
	p->rx_packets = s.came;
	while ((total = atomic_load(&p->total)) == UINT64_MAX) /* only where receiving failed */
		pace_sleep(NSEC_PER_MSEC);
	if (total > s.came)
		count_lost(p, w, total - s.came);
}

static void *receive_packets(void *arg)
{
	struct pair *p = arg;
	struct tach_writer *w = tach_publish_writer(p->run->publisher, "receiver");
	struct udp_batch b;
	struct mmsghdr *echoes;

	udp_batch_init(&b, (unsigned)p->run->value[BATCH], p->run->value[SIZE]);
	echoes = xcalloc(b.capacity, sizeof *echoes);
	receive_all(p, w, &b, echoes);
	atomic_store(&p->received, true);
	tach_publish_writer_done(p->run->publisher, w);
	udp_batch_free(&b);
	free(echoes);
	p->rx_cpu = clock_cpu_thread();
	return NULL;
}

/* ---- the run ---- */

static struct names define_names(struct tach_publisher *p)
{
	return (struct names){
		.ops = tach_publish_counter(p, "ops", "packets"),
		.rx_packets = tach_publish_counter(p, "rx_packets", "packets"),
		.tx_packets = tach_publish_counter(p, "tx_packets", "packets"),
		.rx_bytes = tach_publish_counter(p, "rx_bytes", "bytes"),
		.tx_bytes = tach_publish_counter(p, "tx_bytes", "bytes"),
		.lost = tach_publish_counter(p, "lost", "packets"),
		.reordered = tach_publish_counter(p, "reordered", "packets"),
		.echoes = tach_publish_counter(p, "echoes", "packets"),
		.rtt = tach_publish_histogram(p, "rtt", "seconds"),
	};
}

static int start_pair(struct pair *p, struct workload_run *r, const struct names *names, struct err *e)
{
	int rc;

	*p = (struct pair){ .run = r, .names = names };
	atomic_init(&p->total, UINT64_MAX);
	if (udp_pair(&p->sender, &p->receiver, e) < 0)
		return -1;
	rc = pthread_create(&p->receiving, NULL, receive_packets, p);
	if (rc == 0) {
		pthread_setname_np(p->receiving, "receiver");
		rc = pthread_create(&p->sending, NULL, send_packets, p);
		if (rc == 0) {
			pthread_setname_np(p->sending, "sender");
			return 0;
		}
		atomic_store(&p->total, 0);
		pthread_join(p->receiving, NULL);
	}
	close(p->sender);
	close(p->receiver);
	return err_set(e, rc, "cannot start a thread: %s", strerror(rc));
}

static int end_pair(struct pair *p, struct err *e)
{
	pthread_join(p->sending, NULL);
	pthread_join(p->receiving, NULL);
	close(p->sender);
	close(p->receiver);
	if (p->tx_error.text[0] || p->rx_error.text[0])
		return err_set(e, p->tx_error.code, "%s", p->tx_error.text[0] ? p->tx_error.text : p->rx_error.text);
	if (p->tx_packets != p->rx_packets + p->lost)
		return err_set(e, 0, "the counts are wrong: %" PRIu64 " packets sent, %" PRIu64 " received, %" PRIu64
			" lost", p->tx_packets, p->rx_packets, p->lost);
	return 0;
}

static void report(const struct workload_run *r, const struct names *names, const struct pair *pairs, nsec_t cpu)
{
	struct pair sum = { .run = NULL };
	char a[FMT_SIZE], b[FMT_SIZE];

	for (const struct pair *p = pairs; p < pairs + r->value[THREADS]; p++) {
		sum.tx_packets += p->tx_packets;
		sum.rx_packets += p->rx_packets;
		sum.lost += p->lost;
		sum.reordered += p->reordered;
		sum.echoes += p->echoes;
		sum.replies += p->replies;
		sum.tx_cpu += p->tx_cpu;
		sum.rx_cpu += p->rx_cpu;
	}
	report_work(r, "packet-udp", sum.rx_packets, sum.rx_packets * r->value[SIZE], cpu);
	if (sum.tx_packets && sum.rx_packets)
		report_line(r, "by thread", "sender %s, receiver %s a packet",
			fmt_seconds(a, nsec_to_seconds(sum.tx_cpu) / (double)sum.tx_packets),
			fmt_seconds(b, nsec_to_seconds(sum.rx_cpu) / (double)sum.rx_packets));
	report_line(r, "sent", "%" PRIu64 " packets", sum.tx_packets);
	report_line(r, "received", "%" PRIu64 " packets", sum.rx_packets);
	report_line(r, "lost", "%" PRIu64 " packets", sum.lost);
	report_line(r, "reordered", "%" PRIu64 " packets", sum.reordered);
	report_line(r, "sent back", "%" PRIu64 " packets, %" PRIu64 " came", sum.echoes, sum.replies);
	report_latency(r, "round trip", names->rtt);
}

static int run(struct workload_run *r, struct err *e)
{
	struct names names = define_names(r->publisher);
	struct pair *pairs = xcalloc(r->value[THREADS], sizeof *pairs);
	uint64_t started = 0;
	int rc = 0;

	while (started < r->value[THREADS] && rc == 0) {
		rc = start_pair(&pairs[started], r, &names, e);
		started += rc == 0;
	}
	if (rc < 0)
		atomic_store(&r->stop, true);
	workload_wait(r);
	for (uint64_t i = 0; i < started; i++)
		if (end_pair(&pairs[i], rc < 0 ? NULL : e) < 0)
			rc = -1;
	if (rc == 0)
		report(r, &names, pairs, clock_cpu_self());
	free(pairs);
	return rc;
}

const struct workload_ops workload_packet_udp = {
	.name = "packet-udp",
	.summary = "datagrams over loopback: sender and receiver, sendmmsg and recvmmsg, round trips",
	.method = "A sender gives batches of UDP datagrams on 127.0.0.1 to the kernel with sendmmsg, a receiver "
		"takes them with recvmmsg. tx_packets are those that the kernel took, rx_packets and ops those "
		"that the receiver got, bytes are payload. lost are numbers that did not come: the socket's "
		"buffer or the backlog was full; a gap is a loss after half a second. With --rate packets follow "
		"an absolute schedule, in bursts of 100 us above 10,000 a second. Every Nth packet is sent back; "
		"its round trip runs from before its batch was given to the kernel until the sender looks for "
		"replies: without --rate that is after each batch, and includes the time in the receiver's queue, "
		"which such a sender keeps full.",
	.options = options,
	.noptions = OPTIONS,
	.run = run,
};
