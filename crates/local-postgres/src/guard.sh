# The guard of a private PostgreSQL: stops it and removes its folders once nobody has held the
# users' lock for a while. Started by crossfeed; arguments: home, root, socket folder, seconds.
home=$1 root=$2 socket=$3 grace=$4
data=$root/data users=$home/users.lock pid=
trap '' HUP

# Takes the exclusive lock on file descriptor 9: at once (n) or whenever it is free (w).
lock() {
  if command -v flock >/dev/null; then
    if [ "$1" = n ]; then flock -n 9; else flock 9; fi
  else
    perl -e 'open(my $f, "+<&=", 9) or exit 2; exit(flock($f, $ARGV[0] eq "n" ? 6 : 2) ? 0 : 1)' "$1"
  fi
}

# Is process $1 the server on our data, not a stranger that got its number?
ours() {
  if [ -e /proc/self/cmdline ]; then
    tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | grep -qxF -- "$data"
  else
    ps -o command= -p "$1" | grep -qF -- "$data"
  fi
}

stop_server() {
  [ -n "$pid" ] && ours "$pid" || return 0
  kill -QUIT "$pid"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ours "$pid" || return 0
    sleep 1
  done
  kill -KILL "$pid"
}

remember_server() {
  if [ -f "$data/postmaster.pid" ]; then
    read -r found <"$data/postmaster.pid" && pid=$found
  fi 2>/dev/null
}

remove_folders() {
  rm -rf "$root" "$socket"
  case $root in
    /var/lib/crossfeed/*) rmdir /var/lib/crossfeed 2>/dev/null ;;
  esac
}

# The home goes last and at once, so that whoever comes next finds all of it or nothing.
tear_down() {
  remember_server
  stop_server
  remove_folders
  if mv "$home" "$home.gone.$$"; then rm -rf "$home.gone.$$"; fi
}

watch() {
  quiet=0
  # Not with our lock: where this guard is killed, its last sleep must not pass for it.
  while sleep 1 9>&-; do
    remember_server
    if [ ! -e "$users" ]; then
      # Somebody removed the home; what lies outside goes too.
      stop_server
      [ -e "$home" ] || remove_folders
      return
    fi
    if (lock n) 9>>"$users"; then quiet=$((quiet + 1)); else quiet=0; fi
    if [ "$quiet" -ge "$grace" ]; then
      if (lock n && tear_down) 9>>"$users"; then return; fi
      quiet=0
    fi
  done
}

exec 9>>"$home/guard.lock"
lock w && watch
