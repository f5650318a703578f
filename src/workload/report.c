/* The summary. Percentiles come from the bins that were published, so that tach and the summary say the same. */
#include "workload/report.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void report_line(const struct workload_run *r, const char *label, const char *format, ...)
{
	va_list ap;

	fprintf(r->out, "  %-16s", label);
	va_start(ap, format);
	vfprintf(r->out, format, ap);
	va_end(ap);
	fputc('\n', r->out);
}

void report_work(const struct workload_run *r, const char *name, uint64_t ops, uint64_t bytes, nsec_t cpu)
{
	double seconds = nsec_to_seconds(r->elapsed);
	char a[FMT_SIZE], b[FMT_SIZE];

	fprintf(r->out, "%s: %s operations/s for %s\n", name, fmt_count(a, (double)ops / seconds),
		fmt_seconds(b, seconds));
	report_line(r, "operations", "%" PRIu64 " in %.3f s: %.1f/s", ops, seconds, (double)ops / seconds);
	report_line(r, "bytes", "%" PRIu64 ": %s/s", bytes, fmt_bytes(a, (double)bytes / seconds));
	if (ops)
		report_line(r, "CPU time", "%s for each operation", fmt_seconds(a, nsec_to_seconds(cpu) / (double)ops));
}

static uint64_t sum_bins(const struct tach_publisher *p, unsigned cell, uint64_t bins[TACH_HIST_BINS], uint64_t *max)
{
	uint64_t total = 0, top = 0;

	memset(bins, 0, TACH_HIST_BINS * sizeof *bins);
	for (unsigned w = 0; w < TACH_PUBLISH_WRITERS; w++) {
		if (p->writer_states[w] == TACH_FREE || !p->writers[w].tops[cell])
			continue;
		top = p->writers[w].tops[cell] > top ? p->writers[w].tops[cell] : top;
		for (unsigned i = 0; i < TACH_HIST_BINS; i++) {
			bins[i] += p->writers[w].bins[cell][i];
			total += p->writers[w].bins[cell][i];
		}
	}
	*max = top ? top - 1 : 0;
	return total;
}

/* The value below which the fraction p of the events lie, interpolated inside its bin, never above the maximum. */
static double percentile(const uint64_t bins[TACH_HIST_BINS], uint64_t total, uint64_t max, double p)
{
	double rank = p * (double)total, seen = 0, inside, value;

	for (unsigned i = 0; i < TACH_HIST_BINS; i++) {
		if (bins[i] && seen + (double)bins[i] >= rank) {
			inside = (rank - seen) / (double)bins[i];
			value = (double)tach_hist_floor(i) + inside * (double)(tach_hist_width(i) - (i < 16));
			return value < (double)max ? value : (double)max;
		}
		seen += (double)bins[i];
	}
	return (double)max;
}

void report_latency(const struct workload_run *r, const char *label, struct tach_histogram h)
{
	static const double points[] = { 0.5, 0.9, 0.99, 0.999, 1 };
	char text[5][FMT_SIZE];
	uint64_t bins[TACH_HIST_BINS], max = 0, total;

	total = r->publisher ? sum_bins(r->publisher, h.cell, bins, &max) : 0;
	if (!total) {
		report_line(r, label, "none was measured");
		return;
	}
	for (unsigned i = 0; i < 5; i++)
		fmt_seconds(text[i], percentile(bins, total, max, points[i]) / 1e9);
	report_line(r, label, "p50 %s  p90 %s  p99 %s  p99.9 %s  max %s  of %" PRIu64, text[0], text[1], text[2],
		text[3], text[4], total);
}
