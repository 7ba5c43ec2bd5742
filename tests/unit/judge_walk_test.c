/* How far the Secure Boot Verifier looks on a partition, and what it passes there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/judge_world.h"

/* --- Folders named "many" that have this many times their one entry: the linker gives us
 * scandir64(), which scandir() is
 * (--wrap) --- */

typedef int filter_fn(const struct dirent *e);
typedef int order_fn(const struct dirent **a, const struct dirent **b);
static size_t crowd; /* 0: as they are */

int __real_scandir64(const char *dir, struct dirent ***list, filter_fn *filter, order_fn *order);
int __wrap_scandir64(const char *dir, struct dirent ***list, filter_fn *filter, order_fn *order);
int __wrap_scandir64(const char *dir, struct dirent ***list, filter_fn *filter, order_fn *order)
{
    int n = __real_scandir64(dir, list, filter, order);

    if (n != 1 || crowd == 0 || strcmp(dir + strlen(dir) - 5, "/many") != 0)
        return n;
    *list = realloc(*list, crowd * sizeof **list);
    assert_non_null(*list);
    for (size_t i = 1; i < crowd; i++) {
        (*list)[i] = malloc(sizeof ***list);
        assert_non_null((*list)[i]);
        snprintf((*list)[i]->d_name, sizeof(*list)[i]->d_name, "%s", (*list)[0]->d_name);
    }
    return (int)crowd;
}

static int set_up(void **state)
{
    crowd = 0;
    *state = judge_world_new();
    return 0;
}

static int tear_down(void **state)
{
    judge_world_free(*state);
    return 0;
}

static void b05_a_pipe_and_a_socket_are_data_where_data_is(void **state)
{
    struct judge_world *w = *state;
    char full[256];

    world_put(w, "state/data/x", "x");
    snprintf(full, sizeof full, "%s/data/pipe", w->state);
    assert_int_equal(mkfifo(full, 0755), 0);
    snprintf(full, sizeof full, "%s/data/socket", w->state);
    assert_int_equal(mknod(full, S_IFSOCK | 0755, 0), 0);
    world_passes(w);
    snprintf(full, sizeof full, "%s/pipe", w->state);
    assert_int_equal(mkfifo(full, 0644), 0);
    world_fails(w, TB_CHECK_PACKAGE_UNCLAIMED, "state:/pipe", "unclaimed state:/pipe");
}

static void b05_too_many_files_end_with_a_verdict(void **state)
{
    struct judge_world *w = *state;
    char full[256];

    world_put(w, "state/data/many/x", "x");
    world_remove(w, "state/data/many/x");
    snprintf(full, sizeof full, "%s/data/many/pipe", w->state);
    assert_int_equal(mkfifo(full, 0644), 0);
    crowd = 262144 - 2; /* and the two folders */
    world_passes(w);
    crowd += 2;
    world_fails(w, TB_CHECK_PACKAGE_UNCLAIMED, "state:/data/many", "unclaimed state:/data/many");
    assert_string_equal(w->record[w->n_records - 1], "verdict fail 3 1");
}

static void b05_more_files_than_are_told_are_counted(void **state)
{
    struct judge_world *w = *state;
    char path[64];

    for (unsigned i = 0; i < TB_JUDGE_UNCLAIMED_MAX + 5; i++) {
        snprintf(path, sizeof path, "esp/many/%03u", i);
        world_put(w, path, "x");
    }
    w->records_max = 0;
    world_judge(w); /* they do not fit into the world's list */
    assert_int_equal(w->judgement, TB_JUDGE_UNABLE);
    assert_int_equal(w->n_faults, WORLD_TOLD_MAX);
}

static void b05_a_path_that_is_too_deep_is_named(void **state)
{
    struct judge_world *w = *state;
    char path[256] = "esp", record[300];
    size_t n = 3;

    for (unsigned i = 0; i < 65; i++)
        n += (size_t)snprintf(path + n, sizeof path - n, "/%u", i % 10);
    snprintf(record, sizeof record, "unclaimed %s", path + 3);
    snprintf(path + n, sizeof path - n, "/x");
    world_put(w, path, "x");
    path[n] = '\0';
    world_fails(w, TB_CHECK_PACKAGE_UNCLAIMED, path + 3, record);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(b05_a_pipe_and_a_socket_are_data_where_data_is),
        T(b05_too_many_files_end_with_a_verdict),
        T(b05_more_files_than_are_told_are_counted),
        T(b05_a_path_that_is_too_deep_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
