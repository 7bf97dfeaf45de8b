"""Times one row of the policy in Python: torch, Stable-Baselines3 and onnxruntime, one thread each. Microseconds."""

import json
import sys
import time

import gymnasium
import numpy as np
import onnxruntime
import torch
from stable_baselines3 import PPO

INPUTS = 17


class Env(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-10, 10, (INPUTS,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, seed=None, options=None):
        return np.zeros(INPUTS, np.float32), {}

    def step(self, action):
        return np.zeros(INPUTS, np.float32), 0.0, True, False, {}


def fastest(call, n=200, repeats=10):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(n):
            call()
        best = min(best, (time.perf_counter() - start) / n)
    return round(best * 1e6, 1)


torch.set_num_threads(1)
row = np.zeros((1, INPUTS), np.float32)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
layers = [torch.nn.Linear(INPUTS, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1), torch.nn.Tanh()]
network = torch.nn.Sequential(*layers).eval()
tensor = torch.from_numpy(row)
policy = PPO("MlpPolicy", Env(), device="cpu", n_steps=8, batch_size=8)
with torch.inference_mode():
    torch_us = fastest(lambda: network(tensor))
rows = [
    ("onnxruntime Python", fastest(lambda: session.run(None, {"observation": row}))),
    ("torch", torch_us),
    ("Stable-Baselines3 predict", fastest(lambda: policy.predict(row[0], deterministic=True))),
]
print(json.dumps([{"name": name, "value": value, "unit": "µs"} for name, value in rows]))
