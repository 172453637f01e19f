package io.drover.demo;

import io.drover.cli.Failure;
import io.drover.cli.output.Style;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drover demo}. */
@Command(name = "drover demo", mixinStandardHelpOptions = true,
        description = "Starts a whole cloud in a temporary folder, boots two VMs, one of them a Debian with a disk and a "
                + "network, talks to them, and ends it all again.")
public final class Main implements Callable<Integer> {
    private static final String MARK_FILE = "mark";

    @Option(names = "--keep", description = "Leave the cloud and its VMs running, and tell how to talk to it.")
    private boolean keep;

    @Option(names = "--end", paramLabel = "FOLDER", description = "End a cloud that was kept.")
    private Optional<Path> end = Optional.empty();

    private final Narrator narrator;
    private final AtomicBoolean interrupted = new AtomicBoolean();

    Main(Narrator narrator) {
        this.narrator = narrator;
    }

    public static void main(String[] arguments) {
        // What gRPC logs is also reported as the error of a call.
        Logger.getLogger("").setLevel(Level.OFF);
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        boolean coloured = System.getProperty("drover.terminals", "").contains("1")
                && System.getenv("NO_COLOR") == null;
        Narrator narrator = new Narrator(out, coloured ? Style.COLOURED : Style.PLAIN);
        System.exit(new CommandLine(new Main(narrator)).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (end.isPresent()) {
            return end(end.get());
        }
        Path home = Path.of(Optional.ofNullable(System.getProperty("drover.home"))
                .orElseThrow(() -> new IllegalStateException("run it by the launcher: drover demo")));
        Path folder = Files.createTempDirectory("drover-demo-");
        String mark = UUID.randomUUID().toString();
        Files.writeString(folder.resolve(MARK_FILE), mark);
        Janitor janitor = Janitor.start(folder, mark);
        Thread hook = Thread.ofPlatform().name("interrupted").unstarted(() -> interrupted(janitor));
        Runtime.getRuntime().addShutdownHook(hook);
        narrator.line("drover demo: a cloud in " + folder);
        Cloud cloud = new Cloud(Programs.installedIn(home), folder, mark);
        Optional<String> driver = run(cloud);
        awaitInterruption();
        boolean passed = driver.isPresent();
        if (passed && keep) {
            janitor.dismiss();
            tellHowToTalk(cloud);
        } else {
            passed &= leftNothing(janitor, folder, mark);
        }
        awaitInterruption();
        Runtime.getRuntime().removeShutdownHook(hook);
        String time = Narrator.seconds(narrator.sinceBegun());
        narrator.line(passed
                ? "demo passed in " + time + ", the VMs run by " + driver.orElseThrow()
                        + (keep ? "; the cloud runs on" : "")
                : "demo failed after " + time);
        return passed ? 0 : 1;
    }

    /** The driver of the VMs, or nothing when a step failed. */
    private Optional<String> run(Cloud cloud) throws IOException {
        try {
            Demo demo = new Demo(cloud, narrator);
            String driver = demo.begin();
            if (!keep) {
                demo.end();
            }
            return Optional.of(driver);
        } catch (DemoFailure e) {
            failed(cloud.folder(), e.getMessage(), e.nextStep());
        } catch (Failure e) {
            failed(cloud.folder(), e.what() + ": " + e.why(), e.nextStep());
        } catch (IOException e) {
            failed(cloud.folder(), String.valueOf(e.getMessage()), Optional.empty());
        } catch (InterruptedException e) {
            // This process is being ended, with all that is left to do: see awaitInterruption().
            interrupted.set(true);
        }
        return Optional.empty();
    }

    /** All has been told to end: the janitor must find no process, and then no folder is left. */
    private boolean leftNothing(Janitor janitor, Path folder, String mark) {
        List<ProcessHandle> left = new CloudProcesses(folder, mark).running();
        left.forEach(process -> narrator.detail("still runs: " + process.pid() + " "
                + process.info().commandLine().orElse("")));
        janitor.cleanUp();
        boolean folderLeft = Files.exists(folder);
        if (folderLeft) {
            narrator.detail("still there: " + folder);
        }
        return left.isEmpty() && !folderLeft;
    }

    private void failed(Path folder, String why, Optional<String> nextStep) throws IOException {
        if (interrupted.get()) {
            return;
        }
        LogTails logs = new LogTails(folder);
        logs.tell(narrator);
        narrator.line("failed: " + why);
        nextStep.ifPresent(step -> narrator.line("  next: " + step));
        narrator.line("  logs: " + logs.save());
    }

    private void interrupted(Janitor janitor) {
        interrupted.set(true);
        narrator.line("interrupted: ends what was started");
        janitor.cleanUp();
    }

    /** Once interrupted, the hook does all that is left to do, and the process ends with it. */
    private void awaitInterruption() throws InterruptedException {
        if (interrupted.get()) {
            new CountDownLatch(1).await();
        }
    }

    private void tellHowToTalk(Cloud cloud) {
        narrator.line("");
        narrator.line("The cloud runs on. Talk to it:");
        narrator.line("  export DROVER_CONTROLLER=" + cloud.api());
        narrator.line("  ./drover vm list");
        narrator.line("  ./drover vm console " + DiskGuest.ID + "    # " + DiskGuest.LOGIN + "; Ctrl-] leaves");
        narrator.line("  curl http://" + cloud.api() + "/v1/vms");
        narrator.line("End it:");
        narrator.line("  ./drover demo --end " + cloud.folder());
    }

    private int end(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve(MARK_FILE))) {
            narrator.line("error: " + folder + " is not the folder of a demo that was kept");
            return 1;
        }
        Janitor.start(folder.toAbsolutePath(), Files.readString(folder.resolve(MARK_FILE))).cleanUp();
        boolean gone = !Files.exists(folder);
        narrator.line(gone ? "ended" : "error: " + folder + " could not be removed");
        return gone ? 0 : 1;
    }
}
