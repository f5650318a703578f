/* Names and meanings of roles, from the list in the header. */
#include "ui/role.h"

const char *role_name(enum role r)
{
	static const char *const names[ROLE_COUNT] = {
#define X(id, name, meaning) name,
		ROLE_LIST(X)
#undef X
	};

	return names[r];
}

const char *role_meaning(enum role r)
{
	static const char *const meanings[ROLE_COUNT] = {
#define X(id, name, meaning) meaning,
		ROLE_LIST(X)
#undef X
	};

	return meanings[r];
}
