/*
 * Programs that nobody here wrote, in a network namespace of their own: messages as many as they count themselves, segments
 * as many as ss(8) says.
 */
#include "../lib/near.h"
#include "../lib/probe.h"
#include "../lib/tick.h"

#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool have_namespace;

static bool raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	close(fd);
	return up;
}

static int enter_namespace(void **state)
{
	(void)state;
	have_namespace = !probe_refused() && unshare(CLONE_NEWNET) == 0 && raise_loopback();
	return 0;
}

static void need(const char *program)
{
	const char *why = probe_refused();

	if (have_namespace && have_program(program))
		return;
	if (why)
		printf("# skip: %s\n", why);
	else
		printf("# skip: no %s here\n", have_namespace ? program : "network namespace may be made");
	skip();
}

/* tach on a program, once its probes count. */
static struct child *watch(pid_t pid)
{
	char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "--force", "-i", "100ms", "-p", number, NULL };
	struct child *tach;

	snprintf(number, sizeof number, "%d", (int)pid);
	tach = child_start(argv);
	for (int i = 0; i < 300; i++) {
		const char *tick = tick_next(tach, 10000);

		assert_non_null(tick);
		if (!isnan(tick_total(tick, "sock.tx_messages")))
			return tach;
	}
	fail_msg("the probes were not loaded");
	return NULL;
}

static const char *run(const char *const argv[])
{
	static char text[16384];
	struct child *c = child_start(argv);

	snprintf(text, sizeof text, "%s", child_rest(c, 60000));
	child_free(c);
	return text;
}

/* The number behind the last place of `word`; -1: it is not there. */
static double number_after(const char *text, const char *word)
{
	const char *at = NULL;

	for (const char *next = strstr(text, word); next; next = strstr(next + 1, word))
		at = next + strlen(word);
	return at ? strtod(at, NULL) : -1;
}

static struct child *start_iperf(void)
{
	const char *const argv[] = { "iperf3", "-s", "-p", "5201", "--forceflush", NULL };
	struct child *server = child_start(argv);

	assert_true(child_expect(server, "listening", 5000));
	return server;
}

/* The server gets one datagram more than the client says that it has sent, before them. */
static void datagrams_are_those_of_iperf3(void **state)
{
	const char *const client[] = { "iperf3", "-c", "127.0.0.1", "-p", "5201", "-u", "-b", "50M", "-l", "1000", "-t", "1", NULL };
	struct child *server, *tach;
	const char *text, *tick;
	double sent, lost;

	(void)state;
	need("iperf3");
	server = start_iperf();
	tach = watch(child_pid(server));
	text = run(client);
	sent = number_after(text, "/"); /* "3/6245 (0%)  receiver" */
	text = strstr(text, "sender");
	assert_non_null(text);
	assert_non_null(strstr(text, "receiver"));
	assert_int_equal(sscanf(strstr(text, " ms "), " ms %lf/", &lost), 1);
	usleep(200000);
	tick = tick_newest(tach, 10000);
	printf("# sent %.0f, lost %.0f; tach: received %.0f\n", sent, lost, tick_total(tick, "sock.udp_rx_messages"));
	assert_in_range((int)sent, 5000, 7000);
	assert_near(tick_total(tick, "sock.udp_rx_messages"), sent - lost + 1, 0);
	assert_near(tick_total(tick, "sock.udp_rx_bytes"), (sent - lost) * 1000 + 4, 0);
	assert_near(tick_total(tick, "sock.udp_tx_messages"), 1, 0);
	child_free(tach);
	child_free(server);
}

/* The sum over all of the server's connections, as ss prints them. */
static double sum_of(const char *text, const char *word)
{
	double sum = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ')
			sum += strtod(at + strlen(word), NULL);
	return sum;
}

/* While the client is stopped nothing moves. */
static void segments_are_those_of_ss(void **state)
{
	const char *const argv[] = { "iperf3", "-c", "127.0.0.1", "-p", "5201", "-t", "5", "-b", "200M", NULL };
	const char *const ss[] = { "ss", "-tinH", "state", "established", "sport = :5201", NULL };
	struct child *server, *tach, *client;
	const char *text, *tick;

	(void)state;
	need("iperf3");
	need("ss");
	server = start_iperf();
	tach = watch(child_pid(server));
	client = child_start(argv);
	usleep(1000000);
	kill(child_pid(client), SIGSTOP);
	usleep(300000);
	text = run(ss);
	tick = tick_newest(tach, 10000);
	printf("# segments in and out: ss %.0f %.0f, tach %.0f %.0f\n", sum_of(text, "segs_in:"), sum_of(text, "segs_out:"),
		tick_total(tick, "sock.tcp_rx_segments"), tick_total(tick, "sock.tcp_tx_segments"));
	assert_true(sum_of(text, "segs_in:") > 100);
	assert_near(tick_total(tick, "sock.tcp_rx_segments"), sum_of(text, "segs_in:"), 0);
	assert_near(tick_total(tick, "sock.tcp_tx_segments"), sum_of(text, "segs_out:"), 0);
	kill(child_pid(client), SIGCONT);
	child_free(client);
	child_free(tach);
	child_free(server);
}

/* Beside its requests redis-benchmark asks once for the configuration. */
static void messages_are_those_of_redis(void **state)
{
	const char *const argv[] = { "redis-server", "--port", "6390", "--save", "", "--appendonly", "no", NULL };
	const char *const load[] = { "redis-benchmark", "-p", "6390", "-t", "get", "-c", "8", "-n", "30000", "-q", NULL };
	const char *const ask[] = { "redis-cli", "-p", "6390", "info", "commandstats", NULL };
	struct child *server, *tach;
	const char *tick;
	double in, out, gets;

	(void)state;
	need("redis-server");
	need("redis-benchmark");
	server = child_start(argv);
	assert_true(child_expect(server, "Ready to accept", 10000));
	tach = watch(child_pid(server));
	run(load);
	usleep(200000);
	tick = tick_newest(tach, 10000);
	in = tick_total(tick, "sock.tcp_rx_messages");
	out = tick_total(tick, "sock.tcp_tx_messages");
	gets = number_after(run(ask), "cmdstat_get:calls=");
	printf("# %.0f GETs; tach: %.0f messages in, %.0f out\n", gets, in, out);
	assert_near(gets, 30000, 0);
	assert_near(in, gets + 1, 1);
	assert_near(out, in, 0);
	child_free(tach);
	child_free(server);
}

static const char config[] = "daemon off; master_process on; worker_processes 1; pid %s/pid; error_log %s/log;\n"
	"events {}\nhttp { access_log off; server { listen 127.0.0.1:8190; location / { return 200 'hello'; } } }\n";

/* One connection: a request, its answer, the next one; wrk does not count the last, of which it does not wait for the end. */
static void requests_are_those_of_wrk(void **state)
{
	char folder[] = "/tmp/tach-nginx-XXXXXX", path[64];
	const char *const argv[] = { "nginx", "-p", folder, "-c", path, NULL };
	const char *const load[] = { "wrk", "-t", "1", "-c", "1", "-d", "1s", "http://127.0.0.1:8190/", NULL };
	const char *const remove[] = { "rm", "-rf", folder, NULL };
	struct child *server, *tach;
	const char *text, *tick;
	double requests = 0;
	FILE *f;

	(void)state;
	need("nginx");
	need("wrk");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/conf", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, config, folder, folder);
	fclose(f);
	server = child_start(argv);
	usleep(500000);
	tach = watch(child_pid(server));
	text = strstr(run(load), " threads and ");
	assert_non_null(text);
	for (text = strchr(text, '\n'); text && sscanf(text, "\n %lf requests in", &requests) != 1; text = strchr(text + 1, '\n'))
		;
	usleep(200000);
	tick = tick_newest(tach, 10000);
	printf("# %.0f requests; tach: %.0f messages in, %.0f out\n", requests, tick_total(tick, "sock.tcp_rx_messages"),
		tick_total(tick, "sock.tcp_tx_messages"));
	assert_true(requests > 100);
	assert_near(tick_total(tick, "sock.tcp_rx_messages"), requests, 1);
	assert_near(tick_total(tick, "sock.tcp_tx_messages"), tick_total(tick, "sock.tcp_rx_messages"), 0);
	child_free(tach);
	kill(child_pid(server), SIGTERM); /* it ends its worker, too */
	child_wait(server, 10000, NULL);
	child_free(server);
	run(remove);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_those_of_iperf3),
		cmocka_unit_test(segments_are_those_of_ss),
		cmocka_unit_test(messages_are_those_of_redis),
		cmocka_unit_test(requests_are_those_of_wrk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
