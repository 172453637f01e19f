package io.drover.agent.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.testing.ConsoleReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class ConsoleTest {
    private static void print(Console console, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        console.output(bytes, 0, bytes.length);
    }

    @Test
    @Timeout(60)
    void slowSessionLosesTheOldestAndIsToldHowMuchWhileOthersLoseNothing() throws Exception {
        Console console = new Console();
        Console.Session slow = console.attach(false, () -> {});
        long read = 0;
        try (Console.Session fast = console.attach(false, () -> {})) {
            for (int i = 0; i < 100; i++) {
                print(console, "x".repeat(10_000));
                read += fast.poll(1 << 20).orElseThrow().output().size();
            }
        }
        ConsoleChunk chunk = slow.poll(1 << 20).orElseThrow();

        assertThat(read).isEqualTo(1_000_000);
        assertThat(chunk.lostBytes() + chunk.output().size()).isEqualTo(1_000_000);
        assertThat(chunk.output().size()).isEqualTo(Console.SESSION_BYTES);
        assertThat(slow.poll(1)).isEmpty();
    }

    @Test
    @Timeout(60)
    void sessionBeginsWithTheScrollbackUnlessItSkipsIt() throws Exception {
        Console console = new Console();
        print(console, "a".repeat(Console.SCROLLBACK_BYTES));
        print(console, "the end");
        try (ConsoleReader reader = new ConsoleReader(console);
                Console.Session skipping = console.attach(true, () -> {})) {
            assertThat(reader.await("the end")).hasSize(Console.SCROLLBACK_BYTES);
            assertThat(skipping.poll(100)).isEmpty();
        }
    }

    @Test
    @Timeout(60)
    void endIsSeenAfterTheLastOutput() {
        Console console = new Console();
        Console.Session session = console.attach(false, () -> {});
        print(console, "last words");
        console.end();

        assertThat(session.isFinished()).isFalse();
        assertThat(session.poll(100)).isPresent();
        assertThat(session.isFinished()).isTrue();
    }

    @Test
    @Timeout(60)
    void guestThatDoesNotReadHoldsUpTypingAndThenItIsDropped() throws Exception {
        Console console = new Console();
        assertThat(console.type(new byte[Console.INPUT_BYTES], Duration.ZERO)).isTrue();
        assertThat(console.type(new byte[1], Duration.ofMillis(1))).isFalse();
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return console.type(new byte[1], Duration.ofSeconds(50));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(console.takeInput().orElseThrow()).hasSize(Console.INPUT_BYTES);

        assertThat(waiting.get(50, TimeUnit.SECONDS)).isTrue();
        console.end();
        assertThat(console.type(new byte[1], Duration.ofSeconds(50))).isFalse();
        assertThat(console.takeInput()).isEmpty();
    }

    @Property
    void ringHoldsTheLastBytesAndCountsTheOthers(@ForAll @Size(max = 20) byte[][] pieces,
            @ForAll @IntRange(min = 1, max = 16) int size,
            @ForAll @IntRange(min = 0, max = 8) int taken) {
        ByteRing ring = new ByteRing(size);
        String expected = "";
        for (byte[] piece : pieces) {
            String all = expected + new String(piece, StandardCharsets.ISO_8859_1);
            expected = all.substring(Math.max(0, all.length() - size));
            assertThat(ring.append(piece, 0, piece.length)).isEqualTo(all.length() - expected.length());
            assertThat(new String(ring.snapshot(), StandardCharsets.ISO_8859_1)).isEqualTo(expected);
            String head = new String(ring.take(taken), StandardCharsets.ISO_8859_1);
            assertThat(head).isEqualTo(expected.substring(0, Math.min(taken, expected.length())));
            expected = expected.substring(head.length());
        }
    }
}
