# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by contrib/run and contrib/check; to be read by them with `.`, after `top` is set.
# shellcheck shell=sh disable=SC2034,SC2154,SC2086
# Lists of packages are words in one string, and are split where they are used.

BUILD_PACKAGES="autoconf automake libtool pkg-config gcc libc6-dev make libevent-dev libssl-dev libsodium-dev
	libsqlcipher-dev libqrencode-dev libinih-dev libbsd-dev libwslay-dev"
DEMO_PACKAGES="python3 irssi weechat-curses tmux"
TEST_PACKAGES="$DEMO_PACKAGES libcmocka-dev valgrind python3-pytest binutils zbar-tools
	openssl catgirl hexchat xvfb xdotool chromium limnoria libnet-async-irc-perl"

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

missing_packages() {
	for package; do
		case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
		installed) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Installs what isn't there: as root, or with sudo for this alone.
install_packages() {
	command -v apt-get >/dev/null || die "this script installs its dependencies with apt-get; elsewhere see README.md"
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "as root, run: apt-get install $missing"
		root=sudo
	fi
	echo "Installing: $missing"
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q update || die "apt-get update failed"
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing ||
		die "could not install: $missing"
}

# Under sudo, everything but the installation is done as the user who called: starts the script again as that user.
leave_root() {
	[ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" -ne 0 ] || return 0
	home=$(getent passwd "$SUDO_UID" | cut -d: -f6)
	user=$(getent passwd "$SUDO_UID" | cut -d: -f1)
	[ -n "$home" ] || die "no user has the id $SUDO_UID"
	exec setpriv --reuid="$SUDO_UID" --regid="$SUDO_GID" --init-groups \
		env -u SUDO_UID -u SUDO_GID -u SUDO_USER -u SUDO_COMMAND -u XDG_STATE_HOME -u XDG_RUNTIME_DIR \
		HOME="$home" USER="$user" LOGNAME="$user" "$@"
}

# configure_in DIRECTORY [configure arguments]: makes the directory a configured build tree.
configure_in() {
	directory=$1
	shift
	[ -w "$top" ] || die "$(id -un) may not write in $top"
	if [ -e "$directory" ] && [ ! -w "$directory" ]; then
		die "$(id -un) may not write in $directory; was it made by another user?"
	fi
	[ -x "$top/configure" ] || "$top/autogen.sh" || die "autogen.sh failed"
	mkdir -p "$directory" || exit 1
	[ -f "$directory/Makefile" ] || (cd "$directory" && "$top/configure" -q "$@") || die "configure failed"
}
