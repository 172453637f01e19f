package io.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Code;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Consoles without a terminal: what scripts use. {@link TerminalTest} has the terminal. */
@Timeout(60)
class ConsoleTest {
    private FakeController controller;

    @BeforeEach
    void start() throws IOException {
        controller = new FakeController();
        controller.console().print("booting\r\n");
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void scrollbackComesFirstAndInputIsTyped() {
        CommandRun run = CommandRun.against(controller).typing(input("uname\n"));
        assertThat(run.run("vm", "console", "web-1", "--until", "Linux", "--timeout", "30s")).as(run.err()).isZero();
        assertThat(run.out()).startsWith("booting\r\nuname\n").contains("Linux");
        assertThat(controller.console().typed()).isEqualTo("uname\n");
    }

    @Test
    void scrollbackCanBeLeftOut() {
        CommandRun run = CommandRun.against(controller).typing(input("uname\n"));
        assertThat(run.run("vm", "console", "web-1", "--until", "Linux", "--timeout", "30s", "--no-scrollback"))
                .isZero();
        assertThat(run.out()).startsWith("uname\n");
    }

    @Test
    void textThatDoesNotComeIsTimedOut() {
        CommandRun run = CommandRun.against(controller).typing(input(""));
        assertThat(run.run("vm", "console", "web-1", "--until", "login:", "--timeout", "1s")).isEqualTo(6);
        assertThat(run.err()).contains("error: the guest of web-1 has not printed: login:", "drover vm logs web-1");
    }

    @Test
    void pipedSessionListensOnForAWhileAfterItsInput() {
        CommandRun run = CommandRun.against(controller).typing(input("hello\n"));
        assertThat(run.run("vm", "console", "web-1", "--timeout", "1s")).isZero();
        assertThat(run.out()).isEqualTo("booting\r\nhello\n");
    }

    @Test
    void escapeKeyIsOnlyForTerminals() {
        CommandRun run = CommandRun.against(controller).typing(input("a\u001duname\n"));
        assertThat(run.run("vm", "console", "web-1", "--until", "Linux", "--timeout", "30s")).isZero();
        assertThat(controller.console().typed()).isEqualTo("a\u001duname\n");
    }

    @Test
    void guestThatEndsEndsTheSession() throws Exception {
        Session session = new Session("vm", "console", "web-1");
        session.await(() -> controller.console().sessionCount() == 1);
        controller.console().end();
        assertThat(session.code()).isZero();
    }

    @Test
    void lostConnectionIsMadeAgainAndNothingIsShownTwice() throws Exception {
        Session session = new Session("vm", "console", "web-1", "--until", "finished", "--timeout", "40s");
        session.await(() -> session.run.out().contains("booting"));
        controller.console().breakConnections();
        controller.console().print("printed while nobody looked\r\n");
        session.await(() -> controller.console().sessionCount() == 1);
        session.type("uname\n");
        session.await(() -> session.run.out().contains("Linux"));
        controller.console().print("finished");
        assertThat(session.code()).isZero();
        assertThat(session.run.out())
                .isEqualTo("booting\r\nprinted while nobody looked\r\nuname\nLinux\r\nfinished");
    }

    @Test
    void lossThatLastsIsSaid() throws Exception {
        controller.close();
        CommandRun run = CommandRun.against(controller).typing(input(""));
        assertThat(run.run("vm", "console", "web-1")).isEqualTo(1);
        assertThat(run.err()).contains("no controller answers");
    }

    @Test
    void vmThatIsNotThereIsNotFound() throws IOException {
        try (FakeController other = new FakeController()) {
            other.console()
                    .refuse(FakeController.status(Code.NOT_FOUND, "VM_NOT_FOUND", "there is no vms/x", Map.of()));
            CommandRun run = CommandRun.against(other).typing(input(""));
            assertThat(run.run("vm", "console", "x")).isEqualTo(4);
            assertThat(run.err()).contains("error: the console of vms/x is not open", "why:  there is no vms/x");
        }
    }

    private static java.io.InputStream input(String text) {
        return new java.io.ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A session in a thread of its own, its input open. */
    private final class Session {
        private final PipedOutputStream keys = new PipedOutputStream();
        private final CommandRun run;
        private final CompletableFuture<Integer> result;

        Session(String... arguments) throws IOException {
            run = CommandRun.against(controller).typing(new PipedInputStream(keys));
            result = CompletableFuture.supplyAsync(() -> run.run(arguments));
        }

        void type(String text) throws IOException {
            keys.write(text.getBytes(StandardCharsets.UTF_8));
            keys.flush();
        }

        int code() throws InterruptedException, ExecutionException, TimeoutException {
            return result.get(40, TimeUnit.SECONDS);
        }

        void await(BooleanSupplier condition) {
            Waiting.until(Duration.ofSeconds(20), condition);
        }
    }
}
