package io.drover.cli.wrong.scheduler;

public record StartsAThread(Thread thread) {
    public void start() {
        thread.start();
    }
}
