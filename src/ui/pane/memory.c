/* How much memory the target holds, and how fast that changes. */
#include "ui/pane/panes.h"

#include <math.h>
#include <stdio.h>

static const struct row rows[] = {
	{ "RSS", "RSS", { "mem.rss_bytes" }, .rank = 0 },
	{ "anon", "anon", { "mem.rss_anon_bytes" }, .rank = 2 },
	{ "file", "file", { "mem.rss_file_bytes" }, .rank = 3 },
	{ "shared", "shr", { "mem.rss_shared_bytes" }, .rank = 5 },
	{ "swap", "swap", { "mem.swap_bytes" }, .rank = 4 },
	{ "faults ", "flt", { "mem.page_faults" }, .rank = 1, .flags = ROW_RATE },
	{ "major ", "maj", { "mem.faults_major" }, .rank = 4, .flags = ROW_RATE },
	{ "virtual", "virt", { "mem.virtual_bytes" }, .rank = 6 },
};

static const char *const wants[] = { "mem.limit_bytes", "mem.rss_growth_bytes", NULL };

/* "limit 4.00G   +1.3M/min" */
static void about(const struct view *v, char *buf, size_t size)
{
	struct point limit = view_named(v, "mem.limit_bytes"), growth = view_named(v, "mem.rss_growth_bytes");
	char text[FMT_SIZE];
	int n = 0;

	buf[0] = '\0';
	if (point_has_value(limit))
		n = snprintf(buf, size, "limit %s", fmt_bytes(text, limit.value));
	if (point_has_value(growth))
		snprintf(buf + n, size - (size_t)n, "%s%s%s/min", n ? "   " : "", growth.value < 0 ? "" : "+",
			fmt_bytes(text, growth.value));
}

const struct pane_ops pane_memory = {
	.name = "memory",
	.title = "Memory",
	.help = "Resident memory and its parts, swap and page faults, from the kernel's counters. The rule line has the "
		"cgroup's limit and the growth of RSS a minute: steady growth under steady load is a leak.",
	.rows = rows,
	.nrows = sizeof rows / sizeof rows[0],
	.wants = wants,
	.weight = 1,
	.about = about,
};
