package io.drover.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Work by key. */
final class KeyedWorkTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void close() {
        timer.shutdownNow();
    }

    @Test
    void keyIsWorkedOnOnceMoreHoweverOftenItWasAskedForMeanwhile() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        Semaphore go = new Semaphore(0);
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch second = new CountDownLatch(2);
        try (KeyedWork<String> work = new KeyedWork<>("test", 4, timer, key -> {
            runs.incrementAndGet();
            began.countDown();
            go.acquireUninterruptibly();
            second.countDown();
        })) {
            work.submit("a");
            assertThat(began.await(10, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 100; i++) {
                work.submit("a");
            }
            go.release(1000);
            assertThat(second.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(runs).hasValue(2);
    }

    @Test
    void failureOfAKeyDoesNotEndTheWork() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        try (KeyedWork<String> work = new KeyedWork<>("test", 1, timer, key -> {
            if (key.equals("bad")) {
                throw new IllegalStateException("on purpose");
            }
            done.countDown();
        })) {
            work.submit("bad");
            work.submitLater("good", Duration.ofMillis(1));
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }
}
