package io.drover.agent;

import io.drover.agent.vm.StartStep;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drover agent}: runs the VMs of one host. */
// @formatter:off
@Command(name = "drover agent", mixinStandardHelpOptions = true, subcommands = CheckCommand.class,
        description = "Joins this host to a cluster and runs its VMs.")
// @formatter:on
public final class Main implements Callable<Integer> {
    @Mixin
    private final AgentOptions options = new AgentOptions();

    private final StartStep.Witness witness;

    Main(StartStep.Witness witness) {
        this.witness = witness;
    }

    /** Runs the agent until it is told to end, by SIGTERM or SIGINT. */
    public static void main(String[] arguments) {
        System.exit(run(arguments, step -> {}));
    }

    static int run(String[] arguments, StartStep.Witness witness) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/drover/agent/logback.xml");
        }
        return new CommandLine(new Main(witness)).setExecutionExceptionHandler((e, command, parsed) -> {
            LoggerFactory.getLogger(Main.class).error("the agent failed", e);
            return 1;
        }).execute(arguments);
    }

    @Override
    public Integer call() throws InterruptedException {
        AgentConfig config;
        try {
            config = AgentConfig.of(options);
        } catch (BadConfigException e) {
            System.err.println(e.getMessage());
            return 1;
        }
        Agent agent = new Agent(config, witness);
        Thread hook = Thread.ofPlatform().name("shutdown").unstarted(agent::close);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Agent.Addresses addresses = agent.start();
            if (config.readyFile().isPresent()) {
                ReadyFile.write(config.readyFile().get(), addresses);
            }
            agent.awaitClosed();
            return 0;
        } catch (IOException e) {
            System.err.println("drover agent: " + e.getMessage());
            return 1;
        } finally {
            agent.close();
        }
    }
}
