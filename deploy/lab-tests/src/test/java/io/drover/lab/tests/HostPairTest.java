package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("lab")
@ExtendWith(EmulatedHost.class)
class HostPairTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final int PORT = 8100;
    private static final int MEBIBYTES = 4;

    /** Takes one connection, says what came over it by its checksum, and answers with a word. */
    private static final String SERVE = """
            my $server = IO::Socket::INET->new(LocalPort => shift, Listen => 1, ReuseAddr => 1) or die "$!";
            my $client = $server->accept() or die "$!";
            my $sum = Digest::SHA->new(256);
            $sum->addfile($client);
            print $client "heard\n";
            print $sum->hexdigest, "\n";
            """;
    private static final String SEND = """
            my ($to, $port) = @ARGV;
            my $peer;
            for (1 .. 300) { last if $peer = IO::Socket::INET->new("$to:$port"); select undef, undef, undef, 0.1 }
            $peer or die "$to: $!";
            while (sysread STDIN, my $part, 65536) { print $peer $part }
            shutdown $peer, 1;
            print <$peer>;
            """;

    @Test
    void hostsReachEachOtherByName(HostPair pair) throws Exception {
        assertThat(List.of(pair.first().address(), pair.second().address())).doesNotHaveDuplicates();
        assertReaches(pair.first(), pair.second());
        assertReaches(pair.second(), pair.first());
    }

    private static void assertReaches(LabHost from, LabHost to) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<String> served = threads.submit(() -> to.run(LIMIT, perl("-MIO::Socket::INET", "-MDigest::SHA", "-e",
                    SERVE, String.valueOf(PORT))).output().strip());
            String send = ShellScript
                    .of(List.of(perl("-MIO::Socket::INET", "-e", SEND, to.name(), String.valueOf(PORT))))
                    .text().replaceFirst("^exec ", "").strip();

            CommandResult sent = from.run(LIMIT, new ShellScript("set -e; cd /run && head -c " + MEBIBYTES
                    + "M /dev/urandom > sent && sha256sum < sent && " + send + " < sent"));

            assertThat(sent.output().lines().toList()).as("from %s to %s: %s", from.name(), to.name(), sent)
                    .containsExactly(served.get(LIMIT.toSeconds(), TimeUnit.SECONDS) + "  -", "heard");
        }
    }

    private static String[] perl(String... arguments) {
        String[] words = new String[arguments.length + 1];
        words[0] = "perl";
        System.arraycopy(arguments, 0, words, 1, arguments.length);
        return words;
    }
}
