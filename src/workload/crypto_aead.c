/*
 * crypto-aead: what a secure tunnel does to each packet, without the network: ChaCha20-Poly1305 (RFC 8439, libsodium)
 * seals and opens it. Every packet must open to what was sealed, every damaged one must be rejected.
 */
#include "workload/crypto_aead.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "workload/pace.h"
#include "workload/report.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBSODIUM
#include <sodium.h>
#endif

#define HEADER 20 /* bytes that are authenticated but not encrypted, as a tunnel's packet header */
#define SLEEP_MOST (100 * NSEC_PER_MSEC)

enum { SIZE, RATE, TAMPER, THREADS, OPTIONS };

static const struct workload_option options[OPTIONS] = {
	[SIZE] = { .name = "size", .argument = "BYTES", .value = "1420", .type = WORKLOAD_SIZE, .min = 8,
		.max = 1 << 20, .help = "payload of a packet" },
	[RATE] = { .name = "rate", .argument = "N", .value = "0", .type = WORKLOAD_COUNT, .max = 100000000,
		.help = "packets a second of all threads together; 0: as many as go" },
	[TAMPER] = { .name = "tamper", .argument = "N", .value = "0", .type = WORKLOAD_COUNT, .max = 1000000000,
		.help = "every Nth packet is damaged and must be rejected; 0: none" },
	[THREADS] = { .name = "threads", .argument = "N", .value = "1", .type = WORKLOAD_COUNT, .min = 1, .max = 120,
		.help = "threads, each with a key of its own" },
};

#ifdef HAVE_LIBSODIUM

#define TAG crypto_aead_chacha20poly1305_ietf_ABYTES
#define NONCE crypto_aead_chacha20poly1305_ietf_NPUBBYTES

struct names {
	struct tach_counter ops, bytes, failures;
	struct tach_histogram op, seal, open;
};

struct worker {
	struct workload_run *run;
	const struct names *names;
	pthread_t thread;
	unsigned char key[crypto_aead_chacha20poly1305_ietf_KEYBYTES], iv[NONCE];
	unsigned char header[HEADER];
	unsigned char *plain, *sealed, *opened;
	uint64_t packets, damaged, rejected;
	uint64_t wrong; /* opened though damaged, rejected though whole, or opened to something else */
};

static void put_be64(unsigned char *out, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		out[i] = (unsigned char)(v >> (56 - 8 * i));
}

/* The IV with the packet's number over its last 8 bytes, as RFC 8446 section 5.3 makes it: never the same twice. */
static void make_nonce(const struct worker *w, uint64_t number, unsigned char nonce[NONCE])
{
	unsigned char bytes[8];

	put_be64(bytes, number);
	memcpy(nonce, w->iv, NONCE);
	for (unsigned i = 0; i < 8; i++)
		nonce[NONCE - 8 + i] ^= bytes[i];
}

/* Flips one bit somewhere in header, ciphertext or tag, by turns. */
static void damage(struct worker *w, size_t sealed_length, uint64_t number)
{
	size_t at = (size_t)(number * 7919 % (HEADER + sealed_length));
	unsigned char bit = (unsigned char)(1u << number % 8);

	if (at < HEADER)
		w->header[at] ^= bit;
	else
		w->sealed[at - HEADER] ^= bit;
	w->damaged++;
}

static void check(struct worker *w, struct tach_writer *writer, bool damaged, bool ok)
{
	if (!ok) {
		w->rejected++;
		tach_add(writer, w->names->failures, 1);
	}
	if (ok == damaged || (ok && memcmp(w->plain, w->opened, w->run->value[SIZE]) != 0))
		w->wrong++;
}

static void do_packet(struct worker *w, struct tach_writer *writer)
{
	size_t size = w->run->value[SIZE];
	uint64_t number = w->packets, tamper = w->run->value[TAMPER];
	bool damaged = tamper && number % tamper == tamper - 1;
	unsigned char nonce[NONCE];
	nsec_t begin, sealed, reopen, end;
	bool ok;

	put_be64(w->header + HEADER - 8, number);
	put_be64(w->plain, number);
	begin = clock_now();
	make_nonce(w, number, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(w->sealed, NULL, w->plain, size, w->header, HEADER, NULL, nonce,
		w->key);
	sealed = clock_now();
	if (damaged)
		damage(w, size + TAG, number);
	reopen = damaged ? clock_now() : sealed;
	make_nonce(w, number, nonce);
	ok = crypto_aead_chacha20poly1305_ietf_decrypt(w->opened, NULL, NULL, w->sealed, size + TAG, w->header, HEADER,
		nonce, w->key) == 0;
	end = clock_now();
	w->packets++;
	check(w, writer, damaged, ok);
	tach_record(writer, w->names->seal, sealed - begin);
	tach_record(writer, w->names->open, end - reopen);
	tach_record(writer, w->names->op, sealed - begin + end - reopen);
	tach_add(writer, w->names->ops, 1);
	tach_add(writer, w->names->bytes, size);
	if (damaged)
		memset(w->header, 0, HEADER);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct tach_writer *writer = tach_publish_writer(w->run->publisher, "aead");
	const uint64_t *value = w->run->value;
	struct pace pace;

	pace_begin(&pace, (double)value[RATE] / (double)value[THREADS]);
	while (!atomic_load_explicit(&w->run->stop, memory_order_relaxed)) {
		nsec_t now = value[RATE] ? clock_now() : 0, wait;

		if (pace_due(&pace, w->packets, now, 1)) {
			do_packet(w, writer);
			continue;
		}
		wait = pace_wait(&pace, w->packets, now);
		pace_sleep(wait < SLEEP_MOST ? wait : SLEEP_MOST);
	}
	tach_publish_writer_done(w->run->publisher, writer);
	return NULL;
}

static int start_worker(struct worker *w, struct workload_run *r, const struct names *names, struct err *e)
{
	size_t size = r->value[SIZE];
	int rc;

	*w = (struct worker){ .run = r, .names = names };
	w->plain = xcalloc(1, size);
	w->sealed = xcalloc(1, size + TAG);
	w->opened = xcalloc(1, size);
	randombytes_buf(w->plain, size);
	randombytes_buf(w->iv, sizeof w->iv);
	crypto_aead_chacha20poly1305_ietf_keygen(w->key);
	rc = pthread_create(&w->thread, NULL, work, w);
	if (rc == 0)
		pthread_setname_np(w->thread, "aead");
	return rc == 0 ? 0 : err_set(e, rc, "cannot start a thread: %s", strerror(rc));
}

static void free_worker(struct worker *w)
{
	sodium_memzero(w->key, sizeof w->key);
	free(w->plain);
	free(w->sealed);
	free(w->opened);
}

static int report(const struct workload_run *r, const struct names *n, const struct worker *workers, struct err *e)
{
	struct worker sum = { .run = NULL };

	for (const struct worker *w = workers; w < workers + r->value[THREADS]; w++) {
		sum.packets += w->packets;
		sum.damaged += w->damaged;
		sum.rejected += w->rejected;
		sum.wrong += w->wrong;
	}
	report_work(r, "crypto-aead", sum.packets, sum.packets * r->value[SIZE], clock_cpu_self());
	report_line(r, "damaged", "%" PRIu64 " packets", sum.damaged);
	report_line(r, "rejected", "%" PRIu64 " packets", sum.rejected);
	report_latency(r, "seal", n->seal);
	report_latency(r, "open", n->open);
	report_latency(r, "both", n->op);
	if (sum.wrong || sum.rejected != sum.damaged)
		return err_set(e, 0, "%" PRIu64 " of %" PRIu64 " packets were not opened or rejected as they must be",
			sum.wrong, sum.packets);
	return 0;
}

static int run(struct workload_run *r, struct err *e)
{
	struct names names = {
		.ops = tach_publish_counter(r->publisher, "ops", "packets"),
		.bytes = tach_publish_counter(r->publisher, "bytes", "bytes"),
		.failures = tach_publish_counter(r->publisher, "auth_failures", "packets"),
		.op = tach_publish_histogram(r->publisher, "op", "seconds"),
		.seal = tach_publish_histogram(r->publisher, "seal", "seconds"),
		.open = tach_publish_histogram(r->publisher, "open", "seconds"),
	};
	struct worker *workers;
	uint64_t started = 0;
	int rc = 0;

	if (sodium_init() < 0)
		return err_set(e, 0, "libsodium cannot start");
	workers = xcalloc(r->value[THREADS], sizeof *workers);
	while (started < r->value[THREADS] && rc == 0)
		rc = start_worker(&workers[started++], r, &names, e);
	if (rc < 0)
		atomic_store(&r->stop, true);
	workload_wait(r);
	for (uint64_t i = 0; i < started - (rc < 0); i++)
		pthread_join(workers[i].thread, NULL);
	if (rc == 0)
		rc = report(r, &names, workers, e);
	for (uint64_t i = 0; i < started; i++)
		free_worker(&workers[i]);
	free(workers);
	return rc;
}

#define RUN run
#define MISSING NULL
#else
#define RUN NULL
#define MISSING "needs libsodium: apt-get install libsodium-dev and build again"
#endif

const struct workload_ops workload_crypto_aead = {
	.name = "crypto-aead",
	.summary = "packets sealed and opened with ChaCha20-Poly1305 in memory",
	.method = "Each packet is sealed with libsodium's ChaCha20-Poly1305 (RFC 8439) into one buffer and opened "
		"into another: 20 bytes of header are authenticated, the nonce is the IV xor the packet's number, "
		"the payload is compared after opening. ops and bytes count packets and payload; seal, open and "
		"op (both) are times by the monotonic clock, which is read three times a packet and is part of "
		"what an operation costs here. With --tamper every Nth packet has one bit flipped, in the header, "
		"the text or the tag by turns: exactly those must be rejected.",
	.missing = MISSING,
	.options = options,
	.noptions = OPTIONS,
	.run = RUN,
};
