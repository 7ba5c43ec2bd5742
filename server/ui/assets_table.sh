#!/bin/sh
# Print the table of the page's files for assets.c: assets_table.sh SOURCE_DIR BUILD_DIR FILE...
set -eu
src=$1 build=$2
shift 2
echo '/* Made by assets_table.sh. */'
echo '#define TB_UI_ASSETS(X) \'
for file in "$@"; do
    case $file in
        *.html) type='text/html; charset=utf-8' ;;
        *.css) type='text/css; charset=utf-8' ;;
        *.js) type='text/javascript; charset=utf-8' ;;
        *.svg) type='image/svg+xml' ;;
        *) echo "assets_table.sh: no content type for $file" >&2; exit 1 ;;
    esac
    path=/ui/$file
    [ "$file" != index.html ] || path=/
    id=$(printf %s "$file" | tr -c 'a-z0-9' _)
    sum=$(sha256sum < "$src/$file" | cut -c 1-32)
    printf '    X(%s, "%s", "%s", "%s", "\\"%s\\"", %d, %d) \\\n' "$id" "$path" "$type" "$file" "$sum" \
        "$(wc -c < "$src/$file")" "$(wc -c < "$build/$file.gz")"
done
echo '    /* end */'
