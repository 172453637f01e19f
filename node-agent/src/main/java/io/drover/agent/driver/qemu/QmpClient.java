package io.drover.agent.driver.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * A connection to QEMU's monitor by the QEMU Machine Protocol (docs/interop/qmp-spec in QEMU): one JSON object a
 * line, answers told by the id of their request, events in between. Safe for all threads.
 */
final class QmpClient implements AutoCloseable {
    /** What QEMU tells by itself. */
    record QmpEvent(String name, JsonObject data) {}

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final SocketChannel channel;
    private final Consumer<QmpEvent> events;
    private final Thread reader;
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, CompletableFuture<JsonElement>> waiting = new ConcurrentHashMap<>();
    private final CompletableFuture<JsonElement> greeting = new CompletableFuture<>();
    private final CompletableFuture<IOException> lost = new CompletableFuture<>();

    private QmpClient(SocketChannel channel, String name, Consumer<QmpEvent> events) {
        this.channel = channel;
        this.events = events;
        this.reader = Thread.ofVirtual().name("qmp " + name).unstarted(this::read);
    }

    /**
     * Connects and negotiates.
     *
     * @param socket at most 107 bytes long
     * @param events called on the reader's thread
     */
    static QmpClient connect(Path socket, String name, Consumer<QmpEvent> events) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        QmpClient client = new QmpClient(channel, name, events);
        client.reader.start();
        try {
            await("greeting", client.greeting);
            client.execute("qmp_capabilities");
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /** Runs a command without arguments and returns what it returned. */
    JsonElement execute(String command) throws IOException {
        return execute(command, new JsonObject());
    }

    /**
     * Runs a command and returns what it returned.
     *
     * @throws IOException caused by a {@link QmpRefusedException} when QEMU answered with an error
     */
    JsonElement execute(String command, JsonObject arguments) throws IOException {
        long id = lastId.incrementAndGet();
        JsonObject request = new JsonObject();
        request.addProperty("execute", command);
        request.add("arguments", arguments);
        request.addProperty("id", id);
        CompletableFuture<JsonElement> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        try {
            if (lost.isDone()) {
                throw new IOException(command + " : the connection to QEMU is lost", lost.join());
            }
            send(request.toString());
            return await(command, answer);
        } finally {
            waiting.remove(id);
        }
    }

    /** Completes when the connection is gone, with why. */
    CompletableFuture<IOException> lost() {
        return lost;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // Nothing is left to do with it.
        }
    }

    private synchronized void send(String line) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static <T> T await(String what, CompletableFuture<T> answer) throws IOException {
        try {
            return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("QEMU, asked for " + what + " : " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("QEMU, asked for " + what + " : no answer within " + PATIENCE.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("waiting for QEMU's " + what).initCause(e);
        }
    }

    private void read() {
        IOException cause;
        try (BufferedReader lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            while (true) {
                String line = lines.readLine();
                if (line == null) {
                    throw new EOFException("QEMU closed the connection");
                }
                dispatch(line);
            }
        } catch (IOException e) {
            cause = e;
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException | ClassCastException
                | NumberFormatException e) {
            // Gson's ways to say that the text is no JSON, or not of the shape asked for.
            cause = new IOException("QEMU sent what is not QMP", e);
        }
        close();
        lost.complete(cause);
        greeting.completeExceptionally(cause);
        for (CompletableFuture<JsonElement> answer : waiting.values()) {
            answer.completeExceptionally(cause);
        }
    }

    private void dispatch(String line) {
        JsonObject message = JsonParser.parseString(line).getAsJsonObject();
        if (message.has("QMP")) {
            greeting.complete(message.get("QMP"));
        } else if (message.has("event")) {
            JsonObject data = message.has("data") ? message.getAsJsonObject("data") : new JsonObject();
            events.accept(new QmpEvent(message.get("event").getAsString(), data));
        } else if (message.has("id")) {
            CompletableFuture<JsonElement> answer = waiting.get(message.get("id").getAsLong());
            if (answer == null) {
                return;
            }
            if (message.has("error")) {
                answer.completeExceptionally(
                        new QmpRefusedException(message.getAsJsonObject("error").get("desc").getAsString()));
            } else {
                answer.complete(message.get("return"));
            }
        }
    }
}
