package io.drover.lab.tests;

import io.drover.lab.CommandResult;
import io.drover.lab.LabHost;
import io.drover.lab.ShellScript;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmListener;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A VMM of the distribution in an emulated host, its guest's console and its control socket. */
final class LabVmm {
    private static final Duration START = Duration.ofMinutes(3);
    private static final Duration ANSWER = Duration.ofMinutes(3);

    private final LabHost host;
    private final Path run;
    private final String pid;
    private final ControlRelay relay;
    private final VmmClient client;
    private final ConsoleText console = new ConsoleText();
    private final CompletableFuture<VmmEnd> end = new CompletableFuture<>();

    private LabVmm(LabHost host, Path run, String pid, ControlRelay relay, VmmClient client) {
        this.host = host;
        this.run = run;
        this.pid = pid;
        this.relay = relay;
        this.client = client;
    }

    /**
     * Starts a VMM and attaches to its console. Its log is {@code log} in its run folder.
     *
     * @param settings
     *            its control socket is {@code control} in its run folder, a folder of the host's that is there
     * @param folder
     *            of this machine, for the file of the settings
     */
    static LabVmm start(LabHost host, VmmSettings settings, Path folder) throws Exception {
        Path file = folder.resolve(settings.vm() + ".pb");
        settings.write(file);
        Path run = settings.controlSocket().getParent();
        host.refresh();
        String pid = run(host, "cd " + run + " && rm -f control && { setsid " + VmmProgram.shell(file)
                + " >> log 2>&1 < /dev/null & } && echo $! && until [ -S control ]; do kill -0 $! || { cat log >&2; exit 1; };"
                + " sleep 0.05; done").strip();
        ControlRelay relay = ControlRelay.open(host, settings.controlSocket());
        LabVmm vmm = new LabVmm(host, run, pid, relay, VmmClient.connect(relay.socket(), ANSWER));
        try {
            vmm.attach();
            return vmm;
        } catch (Exception e) {
            System.out.println("lab: the log of the VMM that does not answer:\n" + vmm.log());
            vmm.close();
            throw e;
        }
    }

    private static String run(LabHost host, String script) throws IOException, InterruptedException {
        CommandResult result = host.run(START, new ShellScript(script));
        if (!result.succeeded()) {
            throw new IllegalStateException(script + " : " + result);
        }
        return result.output();
    }

    private void attach() throws Exception {
        client.watch(new VmmListener() {
            @Override
            public void changed(VmmStatus status) {
                // Whoever wants to know asks.
            }

            @Override
            public void ended(VmmEnd how) {
                end.complete(how);
                console.end("the VMM ended: " + how);
            }

            @Override
            public void disconnected(IOException cause) {
                end.completeExceptionally(cause);
                console.end(cause.toString());
            }
        });
        client.attachConsole(false, (data, lost) -> console.append(
                (lost == 0 ? "" : "(" + lost + " bytes are lost)") + new String(data, StandardCharsets.ISO_8859_1)));
    }

    VmmClient client() {
        return client;
    }

    /** Of its process, in the host. */
    String pid() {
        return pid;
    }

    ConsoleText console() {
        return console;
    }

    void type(String input) throws Exception {
        client.consoleInput(input.getBytes(StandardCharsets.UTF_8));
    }

    /** How the guest ended, once it has. */
    VmmEnd awaitEnd(Duration limit) throws Exception {
        try {
            return end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new IllegalStateException("the VMM does not say how it ended : " + e + "; the console says:\n"
                    + console.all() + "\nits log:\n" + log(), e);
        }
    }

    /** Memory of the host that the VMM's process takes, the guest's included, in bytes. */
    long residentBytes() throws IOException, InterruptedException {
        return Long.parseLong(run(host, "sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/" + pid + "/status")
                .strip()) << 10;
    }

    String log() throws IOException, InterruptedException {
        return run(host, "cat " + run + "/log");
    }

    /** Ends the VMM, if it has not ended by itself, and waits until its process is gone. */
    void close() throws IOException, InterruptedException {
        client.close();
        relay.close();
        run(host, "kill -TERM " + pid + " 2> /dev/null; while kill -0 " + pid + " 2> /dev/null; do sleep 0.1; done");
    }
}
