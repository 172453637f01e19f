package io.drover.controller;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A controller as a process: from its options to its exit code. */
final class ControllerProcess {
    private static final Logger log = LoggerFactory.getLogger(ControllerProcess.class);
    private static final int FAILED = 1;
    private static final long CLOSE_SECONDS = 10;

    private ControllerProcess() {}

    /**
     * Serves until SIGTERM or SIGINT.
     *
     * @return the exit code
     */
    static int run(ControllerConfig.Options options) throws InterruptedException {
        return switch (ControllerConfig.read(options)) {
            case ControllerConfig.Outcome.Unusable unusable -> {
                unusable.problems().forEach(problem -> System.err.println("drover controller: " + problem));
                yield FAILED;
            }
            case ControllerConfig.Outcome.Usable usable -> run(usable.config());
        };
    }

    private static int run(ControllerConfig config) throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        AtomicBoolean storeFailed = new AtomicBoolean();
        Thread starter = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("end").unstarted(() -> {
            // Not yet serving, it may wait for ZooKeeper.
            starter.interrupt();
            end.countDown();
            try {
                if (!ended.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                    log.warn("not everything could be closed within {} s", CLOSE_SECONDS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        Runnable onStoreFailure = () -> {
            storeFailed.set(true);
            // Not yet serving, it would wait for that ZooKeeper for ever.
            starter.interrupt();
            end.countDown();
        };
        try (Controller controller = Controller.start(config, onStoreFailure)) {
            if (config.readyFile().isPresent()) {
                ReadyFile.write(config.readyFile().get(), controller.apiAddress(), controller.zookeeperAddress());
            }
            awaitEnd(end);
        } catch (InterruptedException e) {
            log.info("told to end before it served");
        } catch (IOException e) {
            System.err.println("drover controller: " + e.getMessage());
            log.debug("not started", e);
            return FAILED;
        } catch (Exception e) {
            System.err.println("drover controller: " + e);
            log.error("not started", e);
            return FAILED;
        } finally {
            ended.countDown();
        }
        if (storeFailed.get()) {
            System.err.println("drover controller: --data : the ZooKeeper inside cannot write to " + config.data()
                    + " (expected: a folder that can be written, on a disk with room)");
            return FAILED;
        }
        return 0;
    }

    /** The interrupt that may come with the end is taken here: closing must not meet it. */
    private static void awaitEnd(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException e) {
            log.debug("interrupted to end");
        }
        log.info("the controller ends");
    }
}
