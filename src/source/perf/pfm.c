/* The only file that includes libpfm4. It encodes names; it opens nothing. */
#include "source/perf/pfm.h"

#ifdef HAVE_LIBPFM

#include "base/alloc.h"
#include "base/str.h"

#include <perfmon/pfmlib_perf_event.h>
#include <stdlib.h>
#include <string.h>

static bool present(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	memset(info, 0, sizeof *info);
	info->size = sizeof *info;
	return pfm_get_pmu_info(pmu, info) == PFM_SUCCESS && info->is_present;
}

const char *perf_pfm_cpu(void)
{
	pfm_pmu_info_t info;

	if (pfm_initialize() != PFM_SUCCESS)
		return NULL;
	for (int pmu = PFM_PMU_NONE; pmu < PFM_PMU_MAX; pmu++)
		if (present((pfm_pmu_t)pmu, &info) && info.type == PFM_PMU_TYPE_CORE)
			return info.desc;
	return NULL;
}

/* The event of this machine whose name is nearest to the event part of `name`, or NULL. */
static const char *nearest_event(const char *name)
{
	const char *part = strstr(name, "::"), *nearest;
	const char **names = NULL;
	size_t count = 0, capacity = 0;
	pfm_event_info_t event = { .size = sizeof event };
	pfm_pmu_info_t info;
	char word[64];

	part = part ? part + 2 : name;
	str_copy(word, sizeof word, part);
	word[strcspn(word, ":")] = '\0';
	for (int pmu = PFM_PMU_NONE; pmu < PFM_PMU_MAX; pmu++) {
		if (!present((pfm_pmu_t)pmu, &info))
			continue;
		for (int i = info.first_event; i != -1; i = pfm_get_event_next(i)) {
			if (pfm_get_event_info(i, PFM_OS_PERF_EVENT, &event) != PFM_SUCCESS)
				continue;
			names = xgrow(names, &capacity, count + 1, sizeof *names);
			names[count++] = event.name;
		}
	}
	nearest = str_nearest(word, names, count);
	free(names);
	return nearest;
}

static int refuse(const char *name, int code, struct err *e)
{
	const char *nearest = code == PFM_ERR_NOTFOUND ? nearest_event(name) : NULL;

	if (nearest)
		return err_set(e, 0, "there is no event \"%s\"; did you mean %s?", name, nearest);
	if (code == PFM_ERR_NOTFOUND && !perf_pfm_cpu())
		return err_set(e, 0,
			"there is no event \"%s\"; libpfm4 does not know this CPU, so only generic and raw names work", name);
	return err_set(e, 0, "there is no event \"%s\" (libpfm4: %s)", name, pfm_strerror(code));
}

int perf_pfm_parse(const char *name, struct perf_code *out, struct err *e)
{
	struct perf_event_attr attr = { .size = 0 };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof arg };
	int code = pfm_initialize();

	if (code == PFM_SUCCESS)
		code = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
	if (code != PFM_SUCCESS)
		return refuse(name, code, e);
	if (attr.sample_period || attr.precise_ip || attr.pinned || attr.exclusive || arg.cpu != -1)
		return err_set(e, 0, "\"%s\": period, freq, precise, pinned, excl and cpu are not for counting", name);
	*out = (struct perf_code){ .type = attr.type, .config = attr.config, .config1 = attr.config1,
		.config2 = attr.config2, .exclude_user = attr.exclude_user, .exclude_kernel = attr.exclude_kernel };
	return 0;
}

#else

#include <stddef.h>

const char *perf_pfm_cpu(void)
{
	return NULL;
}

int perf_pfm_parse(const char *name, struct perf_code *out, struct err *e)
{
	(void)out;
	return err_set(e, 0,
		"event \"%s\": names of a CPU's own events need libpfm4: apt-get install libpfm4-dev, build again", name);
}

#endif
