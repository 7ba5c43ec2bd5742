/* tests/fuzz/replay_main.c - run a fuzz target over files or folders of files, once each.
 *
 * Every build has the fuzz targets this way, so that each seed and each input that once broke
 * something is an ordinary test. With -Dfuzz=true libFuzzer brings its own main instead. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        perror(path);
        return 1;
    }
    rewind(f);
    data = malloc((size_t)size + (size == 0)); /* exact, so that ASan sees one byte too far */
    if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size) {
        perror(path);
        return 1;
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int n = 0, bad = 0;

    for (int i = 1; i < argc; i++) {
        struct stat st;
        DIR *dir;

        if (stat(argv[i], &st) == 0 && S_ISREG(st.st_mode)) {
            bad += replay_file(argv[i]);
            n++;
            continue;
        }
        dir = opendir(argv[i]);
        if (dir == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            char path[4096];

            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            bad += replay_file(path);
            n++;
        }
        closedir(dir);
    }
    printf("%d inputs replayed\n", n);
    return n == 0 || bad != 0; /* no input at all is a broken test, not a passed one */
}
