/* SPDX-License-Identifier: GPL-3.0-or-later */
/* household = on: the unlocked accounts of this daemon are introduced to each other, and linked without Tor. */
#include <string.h>

#include "app.h"
#include "base/err.h"
#include "base/log.h"

/* Runs properly: it can be met, and linked to. */
static bool is_home(const struct app_account *aa)
{
	return aa != NULL && account_chat(aa->account) != NULL && aa->domain != NULL && aa->peer != NULL;
}

/* ---- who is who ---- */

struct search {
	const uint8_t *identity;
	struct peer *found;
};

static int match(void *ctx, struct account *a)
{
	const struct app_account *aa = account_data(a);
	struct search *s = ctx;

	if (is_home(aa) && memcmp(chat_identity(account_chat(a)), s->identity, KEY_BYTES) == 0)
		s->found = aa->peer;
	return s->found != NULL;
}

struct peer *app_household_find(void *ctx, const uint8_t identity[KEY_BYTES])
{
	const struct app_account *aa = ctx;
	struct search s = {.identity = identity};

	(void)accounts_each(aa->app->accounts, match, &s);
	return s.found;
}

/* ---- meeting ---- */

static bool welcomes(const struct app_account *aa, const struct chat_member *other)
{
	bool welcome = false;
	int r = chat_member_welcome(account_chat(aa->account), other, &welcome);

	return r == 0 && welcome;
}

static void meet(struct app_account *aa, const struct chat_member *other, bool welcome)
{
	int r;

	domain_mark(aa->domain);
	r = chat_meet(account_chat(aa->account), app_now(aa->app), other, welcome);
	if (r < 0)
		log_warn("account %s: another of the household is no contact: %s", account_name(aa->account),
			 err_str(r));
}

static int introduce(void *ctx, struct account *a)
{
	struct app_account *comer = ctx, *other = account_data(a);
	struct chat_member m, n;
	bool welcome;

	if (other == comer || !is_home(other))
		return 0;
	chat_member(account_chat(comer->account), &m);
	chat_member(account_chat(a), &n);
	welcome = welcomes(comer, &n) && welcomes(other, &m);
	meet(other, &m, welcome);
	meet(comer, &n, welcome);
	return 0;
}

void app_household_on_coming(void *ctx)
{
	struct app_account *aa = ctx;

	if (!is_home(aa))
		return;
	domain_mark(aa->domain);
	(void)accounts_each(aa->app->accounts, introduce, aa);
	chat_call_household(account_chat(aa->account), app_now(aa->app));
}

void app_household_come(struct app_account *aa, uint64_t in_ms)
{
	if (aa->app->config->household)
		timer_set(aa->coming, in_ms);
}
