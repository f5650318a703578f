/* Pressure: of the cgroup where there is one, of the machine under another name, and neither made up. */
#include "live.h"

#include "source/proc/pressure.h"

#include <sys/stat.h>

struct desk {
	struct registry *registry;
	bool wanted[PROC_METRIC_COUNT];
	struct source_env env;
	struct sample *sample;
	struct pressure pressure;
	struct kept_budget budget;
	char dir[64];
	int fd;
};

static void write_file(struct desk *d, const char *name, const char *text)
{
	int fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void begin(struct desk *d)
{
	*d = (struct desk){ .registry = registry_new(), .budget = { 8 }, .dir = "/tmp/tach-test-XXXXXX" };
	assert_non_null(mkdtemp(d->dir));
	d->fd = open(d->dir, O_PATH | O_DIRECTORY);
	for (size_t i = 0; i < PROC_METRIC_COUNT; i++) {
		registry_add(d->registry, &proc_rows[i]);
		d->wanted[i] = true;
	}
	d->env = (struct source_env){ .registry = d->registry, .wanted = d->wanted };
}

static void look(struct desk *d, int cgroup)
{
	struct proc_tick tick = { .env = &d->env };

	sample_free(d->sample);
	tick.out = d->sample = sample_new(d->registry);
	pressure_read(&d->pressure, &tick, &d->budget, cgroup);
	assert_int_equal(d->sample->nstatuses, 1);
	assert_string_equal(d->sample->statuses[0].name, "pressure");
}

static struct point point(const struct desk *d, const char *name)
{
	return d->sample->points[registry_find(d->registry, name)];
}

static void end(struct desk *d)
{
	char command[128];

	pressure_close(&d->pressure, &d->budget);
	assert_int_equal(d->budget.left, 8);
	sample_free(d->sample);
	registry_free(d->registry);
	close(d->fd);
	snprintf(command, sizeof command, "rm -rf %s", d->dir);
	assert_int_equal(system(command), 0);
}

static void a_cgroup_has_its_own(void **state)
{
	struct desk d;

	(void)state;
	begin(&d);
	write_file(&d, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n"); /* before 5.13 */
	write_file(&d, "memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n"
					  "full avg10=0.00 avg60=0.00 avg300=0.00 total=250000\n");
	look(&d, d.fd);
	assert_near(point(&d, "cpu.pressure_some_seconds").value, 1.5, 1e-9);
	assert_int_equal(point(&d, "cpu.pressure_full_seconds").state, POINT_ABSENT);
	assert_string_equal(point(&d, "cpu.pressure_full_seconds").why, "this kernel counts it from Linux 5.13 on");
	assert_near(point(&d, "mem.pressure_some_seconds").value, 2, 1e-9);
	assert_near(point(&d, "mem.pressure_full_seconds").value, 0.25, 1e-9);
	assert_int_equal(point(&d, "io.pressure_some_seconds").state, POINT_ABSENT);
	assert_string_equal(point(&d, "io.pressure_some_seconds").why, "the kernel does not account pressure");
	assert_int_equal(d.sample->statuses[0].state, STATUS_ON);
	end(&d);
}

static void the_machines_pressure_does_not_stand_for_the_targets(void **state)
{
	struct desk d;

	(void)state;
	begin(&d);
	look(&d, -1);
	assert_int_equal(point(&d, "cpu.pressure_some_seconds").state, POINT_ABSENT);
	assert_int_equal(point(&d, "io.pressure_full_seconds").state, POINT_ABSENT);
	assert_int_equal(d.sample->statuses[0].state, STATUS_PARTIAL);
	end(&d);
}

static void the_machine_is_read_from_proc(void **state)
{
	struct text_pressure p;
	char text[512];
	struct desk d;

	(void)state;
	if (file_read_at(AT_FDCWD, "/proc/pressure/io", text, sizeof text) <= 0 || !text_pressure(text, &p))
		skip_because("this kernel does not account pressure");
	begin(&d);
	look(&d, -1);
	assert_near(point(&d, "host.io_pressure_some_seconds").value, (double)p.some * 1e-6, 0.5);
	assert_near(point(&d, "host.io_pressure_full_seconds").value, (double)p.full * 1e-6, 0.5);
	assert_true(point_has_value(point(&d, "host.cpu_pressure_some_seconds")));
	end(&d);
}

static void idle(int line)
{
	while (order_next(line))
		order_done(line);
}

static void a_real_cgroup_is_followed(void **state)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char dir[128], path[256], text[512];
	struct actor a;
	struct live l;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(dir, sizeof dir, "%s/tach-test-%d", mounts[i], (int)getpid());
		snprintf(path, sizeof path, "%s/cgroup.controllers", mounts[i]);
		if (access(path, F_OK) == 0 && mkdir(dir, 0755) == 0)
			break;
	}
	if (i == 2)
		skip_because("needs the right to make a v2 cgroup (root)");
	snprintf(path, sizeof path, "%s/cpu.pressure", dir);
	if (file_read_at(AT_FDCWD, path, text, sizeof text) <= 0) {
		rmdir(dir);
		skip_because("this kernel does not account pressure of cgroups");
	}
	a = actor_start(idle);
	live_attach(&l, a.pid, true, NULL);
	live_tick(&l);
	snprintf(path, sizeof path, "%s/cgroup.procs", dir);
	snprintf(text, sizeof text, "%d", (int)a.pid);
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	live_tick(&l);
	assert_true(live_value(&l, "cpu.pressure_some_seconds") < 1);
	assert_true(live_value(&l, "mem.pressure_full_seconds") < 1);
	assert_int_equal(live_status(&l, "pressure")->state, STATUS_ON);
	live_close(&l);
	actor_end(&a);
	for (i = 0; i < 50 && rmdir(dir) != 0; i++)
		sleep_ms(10);
	assert_true(i < 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cgroup_has_its_own),
		cmocka_unit_test(the_machines_pressure_does_not_stand_for_the_targets),
		cmocka_unit_test(the_machine_is_read_from_proc),
		cmocka_unit_test(a_real_cgroup_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
