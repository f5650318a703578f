/*
 * The only file that includes libpfm4. It encodes names; it opens nothing. The library is loaded when a name is to be
 * looked up, not with the program: its tables are 2 MB of memory and 5 ms of start that most runs have no use for.
 */
#include "source/perf/pfm.h"

#ifdef HAVE_LIBPFM

#include "base/alloc.h"
#include "base/str.h"

#include <dlfcn.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libpfm.so.4"

/* What is used of the library; each member has the type that its header declares. */
#define PFM_FUNCTIONS(X) \
	X(initialize) \
	X(get_pmu_info) \
	X(get_event_next) \
	X(get_event_info) \
	X(get_os_event_encoding) \
	X(strerror)

struct pfm {
#define X(name) __typeof__(pfm_##name) *name;
	PFM_FUNCTIONS(X)
#undef X
};

/* Loads and initialises the library, which stays until the program ends. 0, or -1 with a sentence. */
static int load(struct pfm *pfm, struct err *e)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool whole = library != NULL;

	*pfm = (struct pfm){ .initialize = NULL };
	if (!library) {
		err_set(e, 0, "names of a CPU's own events need %s: apt-get install libpfm4", LIBRARY);
		return -1;
	}
#define X(name) \
	*(void **)&pfm->name = dlsym(library, "pfm_" #name); \
	whole = whole && pfm->name;
	PFM_FUNCTIONS(X)
#undef X
	if (whole && pfm->initialize() == PFM_SUCCESS)
		return 0;
	err_set(e, 0, "%s is there, but does not start", LIBRARY);
	return -1;
}

static bool present(const struct pfm *pfm, pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	memset(info, 0, sizeof *info);
	info->size = sizeof *info;
	return pfm->get_pmu_info(pmu, info) == PFM_SUCCESS && info->is_present;
}

static const char *cpu_name(const struct pfm *pfm)
{
	pfm_pmu_info_t info;

	for (int pmu = PFM_PMU_NONE; pmu < PFM_PMU_MAX; pmu++)
		if (present(pfm, (pfm_pmu_t)pmu, &info) && info.type == PFM_PMU_TYPE_CORE)
			return info.desc;
	return NULL;
}

const char *perf_pfm_cpu(void)
{
	struct pfm pfm;

	return load(&pfm, NULL) ? NULL : cpu_name(&pfm);
}

/* The event of this machine whose name is nearest to the event part of `name`, or NULL. */
static const char *nearest_event(const struct pfm *pfm, const char *name)
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
		if (!present(pfm, (pfm_pmu_t)pmu, &info))
			continue;
		for (int i = info.first_event; i != -1; i = pfm->get_event_next(i)) {
			if (pfm->get_event_info(i, PFM_OS_PERF_EVENT, &event) != PFM_SUCCESS)
				continue;
			names = xgrow(names, &capacity, count + 1, sizeof *names);
			names[count++] = event.name;
		}
	}
	nearest = str_nearest(word, names, count);
	free(names);
	return nearest;
}

static int refuse(const struct pfm *pfm, const char *name, int code, struct err *e)
{
	const char *nearest = code == PFM_ERR_NOTFOUND ? nearest_event(pfm, name) : NULL;

	if (nearest)
		return err_set(e, 0, "there is no event \"%s\"; did you mean %s?", name, nearest);
	if (code == PFM_ERR_NOTFOUND && !cpu_name(pfm))
		return err_set(e, 0,
			"there is no event \"%s\"; libpfm4 does not know this CPU, so only generic and raw names work", name);
	return err_set(e, 0, "there is no event \"%s\" (libpfm4: %s)", name, pfm->strerror(code));
}

int perf_pfm_parse(const char *name, struct perf_code *out, struct err *e)
{
	struct perf_event_attr attr = { .size = 0 };
	pfm_perf_encode_arg_t arg = { .attr = &attr, .size = sizeof arg };
	struct pfm pfm;
	int code;

	if (load(&pfm, e))
		return -1;
	code = pfm.get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
	if (code != PFM_SUCCESS)
		return refuse(&pfm, name, code, e);
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
