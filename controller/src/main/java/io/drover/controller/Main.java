package io.drover.controller;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drover controller}: runs a controller until it is told to end. */
// @formatter:off
@Command(name = "drover controller", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a controller: the public API, the scheduler, and ZooKeeper unless there is one.")
// @formatter:on
public final class Main implements Callable<Integer> {
    private static final String LOGGING = "logback.configurationFile";

    // @formatter:off
    @Option(names = "--listen", paramLabel = "HOST:PORT", defaultValue = "127.0.0.1:7070",
            description = "Where the API is served; port 0 takes a free one. Default: ${DEFAULT-VALUE}")
    private String listen = "";

    @Option(names = "--data", paramLabel = "DIR", required = true,
            description = "The folder for the files of images, and for ZooKeeper when it runs inside.")
    private Path data = Path.of("");

    @Option(names = "--zookeeper", paramLabel = "CONNECT",
            description = "An ensemble, host:port,host:port,… Without it ZooKeeper runs inside the controller.")
    private Optional<String> zookeeper = Optional.empty();

    @Option(names = "--zookeeper-listen", paramLabel = "HOST:PORT", defaultValue = "127.0.0.1:2181",
            description = "Where the ZooKeeper inside listens. Default: ${DEFAULT-VALUE}")
    private String zookeeperListen = "";

    @Option(names = "--ready-file", paramLabel = "FILE",
            description = "Written when the controller serves, with the lines api=, zookeeper= and pid=.")
    private Optional<Path> readyFile = Optional.empty();

    @Option(names = "--tls-dir", paramLabel = "DIR",
            description = "Holds ca.pem, cert.pem and key.pem (PKCS#8); mutual TLS is then required.")
    private Optional<Path> tlsDir = Optional.empty();

    @Option(names = "--insecure", description = "Listen without TLS where others can reach it.")
    private boolean insecure;

    @Option(names = "--id", paramLabel = "NAME",
            description = "Of this controller among several. Default: one that is kept in --data")
    private Optional<String> id = Optional.empty();

    @Option(names = "--placement", paramLabel = "pack|spread", defaultValue = "spread",
            description = "Which hosts are filled first: the fullest, or the emptiest. Default: ${DEFAULT-VALUE}")
    private String placement = "";
    // @formatter:on

    private Main() {}

    public static void main(String[] args) {
        // A name of its own: other parts of Drover on the same class path have theirs.
        if (System.getProperty(LOGGING) == null) {
            System.setProperty(LOGGING, "io/drover/controller/logback.xml");
        }
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        return ControllerProcess
                .run(new ControllerConfig.Options(listen, data, zookeeper, zookeeperListen, readyFile, tlsDir,
                        insecure, id, placement));
    }
}
