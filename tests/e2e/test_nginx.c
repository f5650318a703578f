/*
 * An nginx that nobody here wrote, master and workers, under wrk: the messages and the requests that tach counts are those
 * that wrk has sent, and how long they take is what wrk has seen.
 */
#include "../lib/near.h"
#include "../lib/tick.h"

#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS 8

static char folder[] = "/tmp/tach-nginx-XXXXXX";
static char config_path[64], port[8];
static struct child *nginx;
static const char *missing;

/* The /slow ones have to queue: one every 5 ms. */
static const char config[] =
	"worker_processes 2; daemon off; pid %1$s/pid; error_log stderr; events { worker_connections 64; }\n"
	"http { access_log off; keepalive_requests 100000000; client_body_temp_path %1$s/t; proxy_temp_path %1$s/t;\n"
	"fastcgi_temp_path %1$s/t; uwsgi_temp_path %1$s/t; scgi_temp_path %1$s/t; limit_req_zone all zone=slow:32k rate=200r/s;\n"
	"server { listen 127.0.0.1:%2$s; location /fast { return 200 hello; }\n"
	"location /slow { limit_req zone=slow burst=100; try_files /page =404; root %1$s; } } }\n";

/* One that nobody listens on now. */
static void find_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	getsockname(fd, (struct sockaddr *)&address, &size);
	snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
	close(fd);
}

static bool answers(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool yes;

	address.sin_port = htons((uint16_t)atoi(port));
	yes = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	close(fd);
	return yes;
}

static void write_file(const char *name, const char *format, ...)
{
	char path[128];
	va_list args;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

static int start_nginx(void **state)
{
	const char *argv[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "nginx", "-p", folder, "-e", "stderr", "-c", config_path, NULL };

	(void)state;
	if (geteuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		missing = "probes need root and a kernel with type information";
	else if (!have_program("wrk") || (!have_program("nginx") && access("/usr/sbin/nginx", X_OK) != 0))
		missing = "no nginx or no wrk here (Debian: nginx, wrk)";
	if (!mkdtemp(folder))
		return -1;
	snprintf(config_path, sizeof config_path, "%s/config", folder);
	if (missing)
		return 0;
	find_port();
	chmod(folder, 0755); /* the workers are somebody else */
	write_file("config", config, folder, port);
	write_file("page", "hello");
	nginx = child_start(argv);
	for (int i = 0; i < 100 && !answers(); i++)
		usleep(50000);
	return answers() ? 0 : -1;
}

/* The master ends its workers itself, if it is asked to. */
static int stop_nginx(void **state)
{
	static const char *const names[] = { "config", "page", "pid" };
	char path[128];

	(void)state;
	if (nginx) {
		kill(child_pid(nginx), SIGTERM);
		child_wait(nginx, 10000, NULL);
	}
	child_free(nginx);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/t", folder);
	rmdir(path);
	return rmdir(folder);
}

static void need_nginx(void)
{
	if (!missing)
		return;
	printf("# skip: %s\n", missing);
	skip();
}

/* What wrk says of a run. */
struct said {
	double requests, p50;
};

static double seconds(const char *text)
{
	char *unit;
	double n = strtod(text, &unit);

	return *unit == 'u' ? n * 1e-6 : *unit == 'm' ? n * 1e-3 : n;
}

static struct said load(const char *time, const char *where)
{
	char url[64];
	const char *const argv[] = { "wrk", "-t1", "-c", "8", "-d", time, "--latency", url, NULL };
	struct said s = { (double)NAN, (double)NAN };
	struct child *wrk;
	const char *line;

	snprintf(url, sizeof url, "http://127.0.0.1:%s%s", port, where);
	wrk = child_start(argv);
	while ((line = child_line(wrk, 30000))) {
		if (strstr(line, "50%"))
			s.p50 = seconds(strstr(line, "50%") + 3);
		if (strstr(line, " requests in "))
			s.requests = strtod(line, NULL);
		assert_null(strstr(line, "Non-2xx"));
	}
	child_free(wrk);
	return s;
}

static struct child *watch(const char *interval)
{
	static char number[16];
	const char *const argv[] = { child_tach(), "stat", "--json", "-i", interval, "--max-cost", "100%", "-p", number, NULL };
	struct child *tach;
	const char *tick;

	snprintf(number, sizeof number, "%d", (int)child_pid(nginx));
	tach = child_start(argv);
	while ((tick = tick_next(tach, 20000)) && isnan(tick_total(tick, "sock.rx_messages")))
		;
	assert_non_null(tick);
	return tach;
}

struct counted {
	double rx, tx, timed, estimated, p50; /* p50 of the tick with most requests; NaN: too few for one */
};

/* Of very many requests only a part is timed; which part stands beside them. */
static void read_requests(const char *tick, struct counted *c, double *most)
{
	double n = json_number(tick, "histograms/lat.request_seconds/count");
	double share = json_number(tick, "coverage/lat.request_seconds");

	if (isnan(n))
		return;
	c->timed += n;
	c->estimated += n / (isnan(share) ? 1 : share);
	if (n < *most)
		return;
	*most = n;
	c->p50 = json_number(tick, "histograms/lat.request_seconds/p50");
}

/* All that was counted until it is still again. */
static struct counted read_all(struct child *tach)
{
	struct counted c = { .p50 = (double)NAN };
	double before, most = 0;
	const char *tick;

	do {
		assert_non_null(tick = tick_next(tach, 10000));
		before = c.rx;
		read_requests(tick, &c, &most);
		c.rx = tick_total(tick, "sock.tcp_rx_messages");
		c.tx = tick_total(tick, "sock.tcp_tx_messages");
	} while (c.timed == 0 || c.rx > before);
	return c;
}

/* What is on its way when wrk ends is answered but not in its sum: at most one a connection. One in a hundred may be missed
 * on a busy machine. */
static void expect_no_fewer(const char *what, double counted, double said)
{
	printf("# %s %.0f, wrk's requests %.0f\n", what, counted, said);
	assert_true(counted >= said * 0.99 && counted <= said + CONNECTIONS);
}

static void counts_what_wrk_has_asked(void **state)
{
	struct child *tach;
	struct counted c;
	struct said s;

	(void)state;
	need_nginx();
	tach = watch("300ms");
	s = load("2s", "/fast");
	c = read_all(tach);
	child_free(tach);
	assert_true(s.requests > 1000);
	expect_no_fewer("messages in", c.rx, s.requests);
	expect_no_fewer("messages out", c.tx, s.requests);
	printf("# requests timed %.0f, estimated %.0f\n", c.timed, c.estimated);
	assert_near(c.estimated, s.requests, 0.1 * s.requests);
}

/* nginx makes each wait in a queue, so that the way to it and back is little of what wrk sees. */
static void times_them_as_wrk_does(void **state)
{
	struct child *tach;
	struct counted c;
	struct said s;

	(void)state;
	need_nginx();
	tach = watch("1s");
	s = load("2s", "/slow");
	c = read_all(tach);
	child_free(tach);
	expect_no_fewer("requests timed", c.timed, s.requests);
	printf("# p50 %.2f ms, wrk's %.2f ms\n", 1e3 * c.p50, 1e3 * s.p50);
	assert_true(s.p50 > 0.003);
	assert_near(c.p50, s.p50, 0.05 * s.p50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_wrk_has_asked),
		cmocka_unit_test(times_them_as_wrk_does),
	};

	return cmocka_run_group_tests(tests, start_nginx, stop_nginx);
}
