/* Reading pressure files. What is missing is told apart: no cgroup of its own, a kernel that does not account it. */
#include "source/proc/pressure.h"

#include "base/file.h"
#include "source/proc/text.h"

#include <errno.h>
#include <fcntl.h>

#define RESOURCES 3

static const char no_cgroup[] = "it has no v2 cgroup of its own; the machine's pressure is in host.*";
static const char no_psi[] = "the kernel does not account pressure";

static const struct resource {
	const char *host_file, *cgroup_file;
	enum proc_metric some, full, host_some, host_full; /* the kernel counts no full for the CPUs of a whole machine */
} resources[RESOURCES] = {
	{ "/proc/pressure/cpu", "cpu.pressure", PROC_CPU_PRESSURE_SOME, PROC_CPU_PRESSURE_FULL, PROC_HOST_CPU_SOME,
		PROC_METRIC_COUNT },
	{ "/proc/pressure/memory", "memory.pressure", PROC_MEM_PRESSURE_SOME, PROC_MEM_PRESSURE_FULL, PROC_HOST_MEM_SOME,
		PROC_HOST_MEM_FULL },
	{ "/proc/pressure/io", "io.pressure", PROC_IO_PRESSURE_SOME, PROC_IO_PRESSURE_FULL, PROC_HOST_IO_SOME,
		PROC_HOST_IO_FULL },
};

void pressure_close(struct pressure *p, struct kept_budget *b)
{
	for (int i = 0; i < RESOURCES; i++)
		kept_close(&p->host[i], b);
}

static void put(const struct proc_tick *t, const char *text, enum proc_metric some, enum proc_metric full)
{
	struct text_pressure p;

	if (!text_pressure(text, &p)) {
		proc_missing(t, some, some, POINT_ABSENT, no_psi);
		if (full != PROC_METRIC_COUNT)
			proc_missing(t, full, full, POINT_ABSENT, no_psi);
		return;
	}
	proc_put(t, some, (double)p.some * 1e-6);
	if (full != PROC_METRIC_COUNT && p.has_full)
		proc_put(t, full, (double)p.full * 1e-6);
	else if (full != PROC_METRIC_COUNT)
		proc_missing(t, full, full, POINT_ABSENT, "this kernel counts it from Linux 5.13 on");
}

/* Returns false where the kernel has no pressure for the machine. */
static bool read_host(struct pressure *p, const struct proc_tick *t, struct kept_budget *b)
{
	char text[512];
	bool any = false;

	for (int i = 0; i < RESOURCES; i++) {
		if (kept_read(&p->host[i], b, AT_FDCWD, resources[i].host_file, text, sizeof text) < 0)
			text[0] = '\0';
		any |= text[0] != '\0';
		put(t, text, resources[i].host_some, resources[i].host_full);
	}
	return any;
}

static bool read_cgroup(const struct proc_tick *t, int cgroup)
{
	char text[512];
	bool any = false;

	for (int i = 0; i < RESOURCES; i++) {
		if (file_read_at(cgroup, resources[i].cgroup_file, text, sizeof text) < 0)
			text[0] = '\0';
		any |= text[0] != '\0';
		put(t, text, resources[i].some, resources[i].full);
	}
	return any;
}

void pressure_read(struct pressure *p, const struct proc_tick *t, struct kept_budget *b, int cgroup)
{
	bool host = proc_wants(t->env, PROC_HOST_CPU_SOME, PROC_HOST_IO_FULL);
	bool own = proc_wants(t->env, PROC_CPU_PRESSURE_SOME, PROC_IO_PRESSURE_FULL), any = false;

	if (host)
		any |= read_host(p, t, b);
	if (own && cgroup >= 0)
		any |= read_cgroup(t, cgroup);
	else if (own)
		proc_missing(t, PROC_CPU_PRESSURE_SOME, PROC_IO_PRESSURE_FULL, POINT_ABSENT, no_cgroup);
	if (own && cgroup < 0)
		sample_status(t->out, "pressure", STATUS_PARTIAL, no_cgroup, "start it in one: systemd-run --scope COMMAND");
	else if ((own || host) && !any)
		sample_status(t->out, "pressure", STATUS_ABSENT, no_psi, "boot with psi=1");
	else if (own || host)
		sample_status(t->out, "pressure", STATUS_ON, "", "");
}
