package io.drover.controller;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/** Waits for what others bring about, with a deadline. */
public final class Eventually {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(10);

    private Eventually() {}

    /** Asks again until the answer is as wanted. */
    public static <T> T get(Callable<T> question, Predicate<T> wanted) {
        long end = System.nanoTime() + LIMIT.toNanos();
        Object last = "nothing yet";
        while (System.nanoTime() < end) {
            try {
                T answer = question.call();
                if (wanted.test(answer)) {
                    return answer;
                }
                last = answer;
            } catch (Exception e) {
                last = e;
            }
            pause();
        }
        throw new AssertionError("not within " + LIMIT.toSeconds() + " s; at the end: " + last);
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting", e);
        }
    }
}
