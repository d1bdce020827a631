{{ config(materialized='table') }}

with sales as (
    select * from {{ ref('stg_retail_sales') }}
),

bounds as (
    select
        cast(min(invoice_ts) as date) as first_day,
        cast(max(invoice_ts) as date) as last_day
    from sales
),

days as (
    select explode(sequence(first_day, last_day, interval 1 day)) as day
    from bounds
    where first_day is not null
),

final as (
    select
        day,
        year(day) as year,
        quarter(day) as quarter,
        month(day) as month,
        weekofyear(day) as iso_week,
        weekday(day) + 1 as iso_weekday,
        weekday(day) >= 5 as is_weekend
    from days
)

select * from final
