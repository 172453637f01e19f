package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.file.FileStore;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Image;
import io.drover.controller.record.Sha256;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees to it that a host has the files of an image; each file is sent to a host by one VM's start, the others wait for it. */
final class FileTransfers {
    private static final Logger log = LoggerFactory.getLogger(FileTransfers.class);

    private final FileStore files;
    private final Map<Transfer, ReentrantLock> underWay = new ConcurrentHashMap<>();

    private record Transfer(HostId host, Sha256 file) {}

    FileTransfers(FileStore files) {
        this.files = files;
    }

    /** Blocks until the host has them all, or an answer says why not. */
    Answer<Boolean> ensure(HostId host, Agent agent, List<Image.ImageFile> wanted) throws InterruptedException {
        Set<Sha256> missing = ConcurrentHashMap.newKeySet();
        wanted.forEach(file -> missing.add(file.sha256()));
        switch (agent.findFiles(List.copyOf(missing))) {
            case Answer.Done<Set<Sha256>>(Set<Sha256> there) -> missing.removeAll(there);
            case Answer.Refused<Set<Sha256>>(Answer.Why why, String message) -> {
                return new Answer.Refused<>(why, message);
            }
            case Answer.None<Set<Sha256>>(String message) -> {
                return new Answer.None<>(message);
            }
        }
        for (Image.ImageFile file : wanted) {
            if (missing.contains(file.sha256())) {
                Answer<Boolean> put = put(host, agent, file);
                if (!(put instanceof Answer.Done<Boolean>)) {
                    return put;
                }
            }
        }
        return new Answer.Done<>(true);
    }

    private Answer<Boolean> put(HostId host, Agent agent, Image.ImageFile file) throws InterruptedException {
        Transfer transfer = new Transfer(host, file.sha256());
        ReentrantLock lock = underWay.computeIfAbsent(transfer, first -> new ReentrantLock());
        lock.lockInterruptibly();
        try {
            if (agent.findFiles(List.of(file.sha256())) instanceof Answer.Done<Set<Sha256>>(Set<Sha256> there)
                    && there.contains(file.sha256())) {
                return new Answer.Done<>(true);
            }
            log.info("sending {} ({} bytes) to host {}", file.sha256(), file.sizeBytes(), host);
            return agent.put(file, files);
        } catch (NoSuchFileException e) {
            return new Answer.None<>("file " + file.sha256() + " is neither on " + host.resourceName()
                    + " nor on the controller that leads: upload it again, or give all controllers one --data folder for files");
        } catch (IOException e) {
            return new Answer.None<>("file " + file.sha256() + " cannot be read on the controller: " + e);
        } finally {
            underWay.remove(transfer, lock);
            lock.unlock();
        }
    }
}
