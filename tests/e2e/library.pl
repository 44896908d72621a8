# SPDX-License-Identifier: GPL-3.0-or-later
# An IRC client of a few lines over Net::Async::IRC:  library.pl PORT NICK LOGIN CAPABILITY...
# It tells what comes, and says to itself what stands behind an "answer".
use strict;
use warnings;
use IO::Async::Loop;
use Net::Async::IRC;

my ($port, $nick, $login, @caps) = @ARGV;
$| = 1;
binmode STDOUT, ':encoding(UTF-8)';

my $loop = IO::Async::Loop->new;
my $irc = Net::Async::IRC->new(
	encoding => 'UTF-8',
	use_caps => \@caps,
	on_message_JOIN => sub {
		my (undef, undef, $hints) = @_;
		print "JOINED $hints->{target_name}\n" if $hints->{prefix_is_me};
		return 1;
	},
	on_message_text => sub {
		my ($self, $message, $hints) = @_;
		my $time = $message->tags->{time} ? 'at a time' : 'now';
		print "GOT $hints->{prefix_nick} $hints->{target_name} $time: $hints->{text}\n";
		if ($hints->{text} =~ /^answer (.*)/) {
			$self->do_PRIVMSG(target => $nick, text => $1);
		}
		return 1;
	},
	on_closed => sub { exit 0 },
);
$loop->add($irc);
$irc->login(host => '127.0.0.1', service => $port, nick => $nick, user => $nick, realname => $nick,
	pass => $login)->get;
print 'HAS ', join(' ', sort grep { $irc->cap_enabled($_) } @caps), "\n";
$irc->do_PRIVMSG(target => 'allium', text => 'help set');
$loop->run;
