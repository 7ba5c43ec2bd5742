/* server/main.c - trueboot-server: the Verifier as a service. */
#include "server/api/api.h"
#include "server/roots.h"
#include "server/scheduler.h"
#include "server/state.h"
#include "server/ui/assets.h"

#include "crypto/random.h"
#include "crypto/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_STATE "/var/lib/trueboot"
#define TICKET_KEY_LEN 64

static void log_text(const char *text)
{
    /* journald reads the priority; a terminal shows it, and that does no harm. */
    fprintf(stderr, "%s%s\n", getenv("JOURNAL_STREAM") != NULL ? "<4>" : "trueboot-server: ", text);
}

static void log_http_error(void *ctx, const char *text)
{
    (void)ctx;
    log_text(text);
}

struct options {
    const char *state;
    const char *to; /* backup only */
    struct tb_server_config config;
    bool has_config; /* an option that only a new state directory takes was given */
};

static const char usage[] =
    "usage: trueboot-server init [--state DIR] [--listen ADDRESS:PORT] [--name NAME]...\n"
    "                            [--ek-roots PATH]\n"
    "       trueboot-server run  [--state DIR] [the same options, used for a new DIR]\n"
    "       trueboot-server admin  [--state DIR]\n"
    "       trueboot-server backup [--state DIR] --to FILE\n"
    "\n"
    "init makes the state directory: configuration, CA, store, first administrator's link.\n"
    "run serves; it does what init does first where that has not been done.\n"
    "admin makes one more administrator's key and prints its link, also while the server runs.\n"
    "backup copies the store into a new file, also while the server runs.\n";

static bool is_address(const char *text)
{
    uint8_t raw[16];

    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

static bool parse_listen(char *text, struct tb_server_config *c)
{
    char *colon = strrchr(text, ':'), *end;
    unsigned long port;

    if (colon == NULL || colon == text)
        return false;
    *colon = '\0';
    port = strtoul(colon + 1, &end, 10);
    if (text[0] == '[' && colon[-1] == ']') { /* [::1]:8443 */
        colon[-1] = '\0';
        text++;
    }
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535 || !is_address(text) ||
        strlen(text) >= sizeof c->address)
        return false;
    snprintf(c->address, sizeof c->address, "%s", text);
    c->port = (uint16_t)port;
    return true;
}

/* Absolute, since server.json outlives the directory in which the command was given. */
static bool parse_roots(const char *path, struct tb_server_config *c)
{
    char here[PATH_MAX] = "";
    int n;

    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return false;
    n = snprintf(c->ek_roots, sizeof c->ek_roots, "%s%s%s", here, here[0] != '\0' ? "/" : "", path);
    return path[0] != '\0' && n > 0 && (size_t)n < sizeof c->ek_roots;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        { "state", required_argument, NULL, 's' },
        { "listen", required_argument, NULL, 'l' },
        { "name", required_argument, NULL, 'n' },
        { "ek-roots", required_argument, NULL, 'r' },
        { "to", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    size_t n_names = 0;
    int c;

    *o = (struct options){ .state = DEFAULT_STATE };
    tb_server_config_default(&o->config);
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        o->has_config = o->has_config || strchr("lnr", c) != NULL;
        switch (c) {
        case 's': o->state = optarg; break;
        case 't': o->to = optarg; break;
        case 'l':
            if (!parse_listen(optarg, &o->config)) {
                log_text("--listen: expected ADDRESS:PORT, for example 0.0.0.0:8443");
                return false;
            }
            break;
        case 'n':
            if (n_names == TB_SERVER_NAMES_MAX ||
                !(tb_host_name_is_valid(optarg, TB_HOST_NAME_MAX) || is_address(optarg))) {
                log_text("--name: expected at most 8 host names or addresses");
                return false;
            }
            snprintf(o->config.name[n_names++], sizeof o->config.name[0], "%s", optarg);
            o->config.n_names = n_names;
            break;
        case 'r':
            if (!parse_roots(optarg, &o->config)) {
                log_text("--ek-roots: the path is empty or too long");
                return false;
            }
            break;
        case 'h': fputs(usage, stdout); exit(0);
        default: return false; /* getopt has said what is wrong */
        }
    }
    if (optind == argc)
        return true;
    fprintf(stderr, "trueboot-server: unexpected argument: %s\n", argv[optind]);
    return false;
}

/* --- The parts, made in order and ended in reverse --- */

struct server {
    struct tb_server_state state;
    struct tb_store *store;
    struct tb_http_hub *hub;
    struct tb_scheduler *scheduler;
    struct tb_app app;
    char roots_path[PATH_MAX];
    size_t n_roots, n_intermediates;
};

static void server_close(struct server *s)
{
    tb_scheduler_stop(s->scheduler);
    tb_http_stop(s->app.http);
    if (s->store != NULL)
        tb_store_on_change(s->store, NULL, NULL);
    tb_store_close(s->store); /* the committing thread ends here: nothing is published after it */
    tb_http_hub_free(s->hub);
    tb_verifier_free(s->app.verifier);
    tb_server_state_clear(&s->state);
}

static bool fail(const char *text)
{
    log_text(text);
    return false;
}

static bool open_state(const struct options *o, struct server *s)
{
    char err[TB_SERVER_ERR_LEN];

    if (!tb_server_state_open(o->state, &o->config, &s->state, err))
        return fail(err);
    if (o->has_config && !s->state.is_new)
        log_text("--listen, --name and --ek-roots are for a new state directory: "
                 "what server.json says holds");
    s->store = tb_server_state_store(&s->state, err);
    return s->store != NULL || fail(err);
}

/* The key is shown once, so it is made when the server listens and its port is known. */
static bool tell_admin(struct server *s)
{
    char err[TB_SERVER_ERR_LEN], key[65];
    bool made;

    if (!tb_server_first_admin(s->store, tb_now_ms(), &made, key, err))
        return fail(err);
    if (made)
        printf("administrator: %s/#key=%s\n", s->state.url, key);
    tb_wipe(key, sizeof key);
    printf("certificate pin: %s\n", s->state.pin);
    fflush(stdout);
    return true;
}

static bool open_verifier(struct server *s)
{
    struct tb_verifier_config config = { .store = s->store,
                                         .log = log_text,
                                         .challenge_life_s = s->state.config.challenge_life_s,
                                         .attest_gap_ms = s->state.config.attest_gap_ms };

    if (s->state.config.ek_roots[0] == '/')
        snprintf(s->roots_path, sizeof s->roots_path, "%s", s->state.config.ek_roots);
    else
        snprintf(s->roots_path, sizeof s->roots_path, "%s/%s", s->state.directory,
                 s->state.config.ek_roots);
    config.ek_roots = tb_server_roots_load(s->roots_path, log_text);
    if (config.ek_roots != NULL) {
        s->n_roots = tb_roots_count(config.ek_roots);
        s->n_intermediates = tb_roots_intermediates(config.ek_roots);
    }
    s->app.verifier = config.ek_roots != NULL ? tb_verifier_new(&config) : NULL;
    if (s->app.verifier != NULL)
        return true;
    tb_roots_free(config.ek_roots);
    return fail("out of memory");
}

static void tell_roots(const struct server *s)
{
    char text[PATH_MAX + 128];

    printf("EK roots: %zu roots, %zu intermediates in %s\n", s->n_roots, s->n_intermediates,
           s->roots_path);
    if (s->n_roots != 0)
        return;
    snprintf(text, sizeof text,
             "%s has no EK root: no certificate of a TPM is trusted, hosts wait for approval",
             s->roots_path);
    log_text(text);
}

/* One ticket key for all replicas of a store. */
static bool ticket_key(struct tb_store *store, struct tb_blob *out)
{
    uint8_t fresh[TICKET_KEY_LEN];

    return tb_random(fresh, sizeof fresh) &&
           tb_store_setting_init(store, "tls-ticket-key", tb_slice(fresh, sizeof fresh), out) ==
               TB_STORE_OK;
}

static bool open_http(struct server *s)
{
    struct tb_http_config config = {
        .address = s->state.config.address,
        .port = s->state.config.port,
        .certificate_pem = s->state.server.cert,
        .key_pem = s->state.server.key,
        .threads = s->state.config.threads,
        .connections_max = s->state.config.connections_max,
        .per_address_max = s->state.config.per_address_max,
        .routes = tb_api_routes,
        .n_routes = tb_api_n_routes,
        .page_csp = TB_UI_CSP,
        .authorise = tb_api_authorise,
        .on_error = log_http_error,
        .ctx = &s->app,
    };
    struct tb_blob key = { 0 };
    char err[TB_HTTP_ERR_LEN];

    if (!ticket_key(s->store, &key))
        return fail("the key of TLS session tickets could not be made");
    config.ticket_key = key.p;
    config.ticket_key_len = key.len;
    s->app.http = tb_http_start(&config, err);
    tb_blob_clear(&key);
    return s->app.http != NULL || fail(err);
}

static bool server_open(const struct options *o, struct server *s)
{
    if (!open_state(o, s) || !open_verifier(s))
        return false;
    s->hub = tb_http_hub_new(NULL);
    if (s->hub == NULL)
        return fail("out of memory");
    pthread_mutex_init(&s->app.waiters_lock, NULL);
    s->app.store = s->store;
    s->app.hub = s->hub;
    s->app.public_url = s->state.url;
    s->app.pin = s->state.pin;
    s->app.started_ms = tb_now_ms();
    tb_store_on_change(s->store, tb_api_on_change, &s->app);
    if (!open_http(s))
        return false;
    if (s->state.config.port == 0) /* the one that was free */
        snprintf(s->state.url, sizeof s->state.url, "https://%s:%u", s->state.config.name[0],
                 tb_http_port(s->app.http));
    if (!tell_admin(s))
        return false;
    tell_roots(s);
    s->scheduler =
        tb_scheduler_start(s->store, s->app.verifier, s->state.config.keep_days, log_text);
    return s->scheduler != NULL || fail("the scheduler's thread could not be started");
}

/* --- Commands --- */

typedef bool state_action(const struct options *o, struct server *s);

/* Do something with state directory and store, without serving. Without `make` it must be there. */
static int with_state(const struct options *o, bool make, state_action *act)
{
    struct server *s = calloc(1, sizeof *s);
    char path[PATH_MAX];
    bool ok;

    snprintf(path, sizeof path, "%s/server.json", o->state);
    if (!make && access(path, F_OK) != 0) {
        fprintf(stderr, "trueboot-server: %s: no state directory; trueboot-server init makes one\n",
                o->state);
        free(s);
        return 1;
    }
    ok = s != NULL && open_state(o, s) && act(o, s);
    if (s != NULL)
        server_close(s);
    free(s);
    return ok ? 0 : 1;
}

static bool first_admin(const struct options *o, struct server *s)
{
    (void)o;
    return tell_admin(s);
}

static bool new_admin(const struct options *o, struct server *s)
{
    char err[TB_SERVER_ERR_LEN], key[65];

    (void)o;
    if (!tb_server_new_admin(s->store, tb_now_ms(), NULL, key, err))
        return fail(err);
    printf("administrator: %s/#key=%s\n", s->state.url, key);
    tb_wipe(key, sizeof key);
    return true;
}

static bool copy_store(const struct options *o, struct server *s)
{
    enum tb_store_status status = tb_store_backup(s->store, o->to);
    char err[TB_STORE_ERR_LEN];

    if (status == TB_STORE_OK)
        return true;
    tb_store_error(s->store, err);
    fprintf(stderr, "trueboot-server: %s: %s\n", o->to,
            status == TB_STORE_CONFLICT ? "is there already" : err);
    return false;
}

static int command_init(const struct options *o)
{
    return with_state(o, true, first_admin);
}

static int command_admin(const struct options *o)
{
    return with_state(o, false, new_admin);
}

static int command_backup(const struct options *o)
{
    if (o->to != NULL)
        return with_state(o, false, copy_store);
    log_text("backup: --to FILE is missing");
    return 2;
}

static int command_run(const struct options *o)
{
    struct server *s = calloc(1, sizeof *s);
    sigset_t ends;
    int signal_number = 0;
    bool ok;

    if (s == NULL)
        return 1;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before any thread: all inherit it */
    ok = server_open(o, s);
    if (ok) {
        printf("serving on %s\n", s->state.url);
        fflush(stdout);
        while (sigwait(&ends, &signal_number) != 0)
            ;
        log_text("stopping");
    }
    server_close(s);
    free(s);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *o);
    } commands[] = { { "init", command_init },
                     { "run", command_run },
                     { "admin", command_admin },
                     { "backup", command_backup } };
    struct options options;

    /* Keys and tokens pass through this process: no core file may hold them. */
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("trueboot-server %s\n", TB_VERSION);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            argv[1] = argv[0]; /* what getopt begins its errors with */
            return parse_options(argc - 1, argv + 1, &options) ? commands[i].run(&options) : 2;
        }
    fputs(usage, stderr);
    return 2;
}
