"""The infini-gram package beside ours (bench/infinigram.mjs): `index DIR` builds table.0 with its Rust indexer, `query DIR
FILE` asks infgram_prob of each JSON list in FILE, the last id being the continuation. Prints one JSON line."""
import json, resource, subprocess, sys, time

what, folder = sys.argv[1:3]
start = time.perf_counter()
if what == "index":
    subprocess.run([sys.executable, "-m", "infini_gram.indexing", "--data_dir", folder, "--temp_dir", folder, "--save_dir", folder,
                    "--version", "4", "--token_dtype", "u16", "--cpus", "2", "--mem", "8", "--ulimit", "1024"], check=True, stdout=sys.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"seconds": time.perf_counter() - start, "cpu": used.ru_utime + used.ru_stime}))
else:
    from infini_gram.engine import InfiniGramEngine
    engine = InfiniGramEngine(index_dir=folder, eos_token_id=0, vocab_size=65535, version=4, token_dtype="u16")
    queries = [json.loads(line) for line in open(sys.argv[3])]
    out = []
    for pass_ in range(2):  # the first brings the pages in
        start = time.perf_counter()
        answers = [engine.infgram_prob(prompt_ids=q[:-1], cont_id=q[-1]) for q in queries]
        out.append(time.perf_counter() - start)
    print(json.dumps({"seconds": out, "answers": [[a["suffix_len"], a["prompt_cnt"], a["cont_cnt"]] for a in answers]}))
