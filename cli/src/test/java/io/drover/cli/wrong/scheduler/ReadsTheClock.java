package io.drover.cli.wrong.scheduler;

public record ReadsTheClock() {
    public long now() {
        return System.nanoTime();
    }
}
