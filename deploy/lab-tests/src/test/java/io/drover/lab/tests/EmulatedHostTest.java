package io.drover.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.lab.CommandResult;
import io.drover.lab.HostSpec;
import io.drover.lab.Lab;
import io.drover.lab.LabException;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Tag("lab")
@ExtendWith(EmulatedHost.class)
class EmulatedHostTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir
    private Path folder;

    @Test
    void hasARealKvmDevice(LabHost host) throws Exception {
        assertThat(host.run(LIMIT, "test", "-c", "/dev/kvm").exitCode()).isZero();
        assertThat(host.run(LIMIT, "cat", "/sys/module/kvm_amd/parameters/npt").output()).isEqualTo("Y\n");
    }

    /** The resource {@code rc} says why. */
    @Test
    void oneVirtualMachineIsAlwaysThere(LabHost host) throws Exception {
        assertThat(host.run(LIMIT, new ShellScript(
                "until ls -l /proc/[0-9]*/fd 2> /dev/null | grep -q anon_inode:kvm-vm; do sleep 0.1; done")).exitCode())
                .isZero();
    }

    @Test
    void commandHasItsStreamsAndItsExitCode(LabHost host) throws Exception {
        CommandResult result = host.run(LIMIT, new ShellScript("echo out; echo err >&2; exit 7"));

        assertThat(result).isEqualTo(new CommandResult(7, "out\n", "err\n"));
    }

    @Test
    void bytesPassAsTheyAre(LabHost host) throws Exception {
        byte[] bytes = new byte[1 << 20];
        new Random(1).nextBytes(bytes);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();

        int exitCode = host.run(ShellScript.of(List.of("cat")), new ByteArrayInputStream(bytes), out, err);

        assertThat(exitCode).isZero();
        assertThat(out.toByteArray()).isEqualTo(bytes);
        assertThat(err.size()).isZero();
    }

    @Test
    void inputIsHeardAsItComes(LabHost host) throws Exception {
        PipedOutputStream to = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(to);
        PipedOutputStream out = new PipedOutputStream();
        BufferedReader heard = new BufferedReader(
                new InputStreamReader(new PipedInputStream(out), StandardCharsets.UTF_8));
        ShellScript echo = new ShellScript("while read -r line; do echo \"heard $line\"; done");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor(); to) {
            Future<Integer> command = threads.submit(() -> host.run(echo, in, out, OutputStream.nullOutputStream()));
            for (String word : List.of("one", "two", "three")) {
                to.write((word + "\n").getBytes(StandardCharsets.UTF_8));
                to.flush();
                assertThat(threads.submit(heard::readLine).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo("heard " + word);
            }
            to.close();
            assertThat(command.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isZero();
        }
    }

    @Test
    void commandsRunSideBySide(LabHost host) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<String>> commands = IntStream.range(0, 6)
                    .<Callable<String>>mapToObj(number -> () -> host.run(LIMIT, "echo", "number " + number).output())
                    .toList();
            List<Future<String>> answers = threads.invokeAll(commands);
            for (int number = 0; number < answers.size(); number++) {
                assertThat(answers.get(number).get()).isEqualTo("number " + number + "\n");
            }
        }
    }

    @Test
    void commandThatTakesTooLongIsEnded(LabHost host) throws Exception {
        assertThatThrownBy(() -> host.run(Duration.ofSeconds(3), new ShellScript("echo begun; exec sleep 4321")))
                .isInstanceOf(LabException.class).hasMessageContaining("begun");

        assertThat(host.run(LIMIT, new ShellScript("while pgrep -xf 'sleep 4321'; do sleep 0.1; done")).exitCode())
                .isZero();
    }

    @Test
    void writesStayInTheHost(LabHost host) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "outside");
        host.refresh();

        CommandResult written = host.run(LIMIT,
                new ShellScript("cd " + folder + " && cat file && echo inside > file && cat file"));

        assertThat(written.output()).isEqualTo("outsideinside\n");
        assertThat(file).hasContent("outside");
    }

    @Test
    void secondUpIsRefusedWhileTheFirstRuns(Lab lab, LabHost host) {
        assertThatThrownBy(() -> lab.up(List.of(new HostSpec("h9", 9, 1, 512, List.of(), List.of())), LIMIT))
                .isInstanceOf(LabException.class).hasMessageContaining(host.name()).hasMessageContaining("lab down");
    }

    @Test
    void selfTestFindsKvmUsable(LabHost host) throws IOException, InterruptedException {
        CommandResult check = host.run(Duration.ofMinutes(3), Distribution.launcher().toString(), "host", "check");

        System.out.println("lab: drover host check says: " + check.output().strip());
        assertThat(check.exitCode()).as(check.output() + check.errors()).isZero();
        assertThat(check.output()).contains("kvm");
    }
}
